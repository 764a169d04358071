using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MobileVlm.Edge.Deploy.Configuration.Overlay;

/// <summary>The name of a question with its camera.</summary>
internal readonly record struct QuestionKey(string Camera, string Question)
{
    public override string ToString() => $"{Camera}/{Question}";
}

/// <summary>What was changed about one question.</summary>
/// <param name="Definition">The question's definition as JSON; null for a question that was deleted.</param>
internal sealed record OverlayEntry(string? Definition)
{
    /// <summary>Marks a question of the configuration file as deleted.</summary>
    public static OverlayEntry Deletion { get; } = new((string?)null);
}

/// <summary>The questions that were set or deleted while the service ran. Each counts instead of the configuration file's question of the
/// same name. Immutable.</summary>
internal sealed class QuestionOverlay
{
    /// <summary>Most questions of one camera, those of the configuration file included, up to which questions can be added.</summary>
    public const int MaxQuestionsPerCamera = 64;

    /// <summary>Largest definition of a question, in bytes.</summary>
    public const int MaxDefinitionBytes = 32 * 1024;

    /// <summary>Largest overlay, in bytes.</summary>
    public const int MaxBytes = 1024 * 1024;

    private const int Version = 1;

    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ImmutableSortedDictionary<QuestionKey, OverlayEntry> _entries;

    private QuestionOverlay(ImmutableSortedDictionary<QuestionKey, OverlayEntry> entries) => _entries = entries;

    /// <summary>Changes nothing.</summary>
    public static QuestionOverlay Empty { get; } = new(ImmutableSortedDictionary.Create<QuestionKey, OverlayEntry>(NameOrder.Instance));

    /// <summary>All entries, by camera and question.</summary>
    public IReadOnlyDictionary<QuestionKey, OverlayEntry> Entries => _entries;

    /// <summary>The same with one more, or another, entry.</summary>
    public QuestionOverlay With(QuestionKey key, OverlayEntry entry) => new(_entries.Remove(key).Add(key, entry));

    /// <summary>The same without one entry.</summary>
    public QuestionOverlay Without(QuestionKey key) => new(_entries.Remove(key));

    /// <summary>The content of the overlay's file.</summary>
    public byte[] ToJson()
    {
        var cameras = new JsonObject();
        foreach (var camera in _entries.GroupBy(entry => entry.Key.Camera, StringComparer.OrdinalIgnoreCase))
        {
            cameras[camera.Key] = new JsonObject([.. camera.Select(entry => KeyValuePair.Create(entry.Key.Question, (JsonNode?)ToJson(entry.Value)))]);
        }

        return Write(new JsonObject { ["version"] = Version, ["cameras"] = cameras });
    }

    /// <summary>Reads the content of the overlay's file.</summary>
    /// <exception cref="NewerOverlayException">A newer version of the service wrote it.</exception>
    /// <exception cref="JsonException">It is damaged.</exception>
    public static QuestionOverlay Parse(ReadOnlySpan<byte> content)
    {
        try
        {
            var root = JsonNode.Parse(content, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) as JsonObject
                ?? throw new JsonException("it holds no object");
            var version = root["version"]?.GetValue<int>() ?? throw new JsonException("it has no version");
            if (version > Version)
            {
                throw new NewerOverlayException(version);
            }

            return Empty.Add(root["cameras"] as JsonObject ?? throw new JsonException("it has no cameras"));
        }
        catch (Exception fault) when (fault is InvalidOperationException or FormatException or OverflowException or ArgumentException)
        {
            throw new JsonException(fault.Message, fault);
        }
    }

    /// <summary>Formats a document for people.</summary>
    public static byte[] Write(JsonObject document)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Readable))
        {
            document.WriteTo(writer);
        }

        return [.. stream.ToArray(), (byte)'\n'];
    }

    private static JsonObject ToJson(OverlayEntry entry) => entry.Definition is { } definition
        ? new JsonObject { ["definition"] = JsonNode.Parse(definition) }
        : new JsonObject { ["deleted"] = true };

    private QuestionOverlay Add(JsonObject cameras)
    {
        var overlay = this;
        foreach (var (camera, questions) in cameras)
        {
            foreach (var (question, entry) in questions?.AsObject() ?? throw new JsonException($"camera '{camera}' has no questions"))
            {
                var definition = entry?["definition"]?.AsObject();
                if (definition is null && entry?["deleted"]?.GetValue<bool>() != true)
                {
                    throw new JsonException($"'{camera}/{question}' is neither defined nor deleted");
                }

                overlay = overlay.With(new QuestionKey(camera, question), new OverlayEntry(definition?.ToJsonString()));
            }
        }

        return overlay;
    }

    /// <summary>Upper and lower case are the same, as in a configuration.</summary>
    private sealed class NameOrder : IComparer<QuestionKey>
    {
        public static NameOrder Instance { get; } = new();

        public int Compare(QuestionKey x, QuestionKey y) =>
            StringComparer.OrdinalIgnoreCase.Compare(x.Camera, y.Camera) is not 0 and var camera
                ? camera
                : StringComparer.OrdinalIgnoreCase.Compare(x.Question, y.Question);
    }
}

/// <summary>A newer version of the service wrote the overlay.</summary>
internal sealed class NewerOverlayException(int version) : Exception($"its layout is version {version}")
{
    /// <summary>Version of its layout.</summary>
    public int Version => version;
}
