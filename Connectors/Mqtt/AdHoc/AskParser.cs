using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Mqtt.Topics;

namespace MobileVlm.Edge.Connectors.Mqtt.AdHoc;

/// <summary>Understands what comes to an <c>ask</c> topic: a JSON object, or the bare question. Trusts nothing of it.</summary>
public sealed class AskParser(AskLimits limits)
{
    /// <summary>Longest id that comes back.</summary>
    public const int MaxIdLength = 64;

    /// <summary>The types of answers that a request may name, in the order in which an error lists them.</summary>
    public static IReadOnlyList<AnswerType> Types { get; } = [AnswerType.Text, AnswerType.YesNo, AnswerType.Choice];

    private static readonly string[] Known =
        ["id", "camera", "question", "answer", "choices", "maxTokens", "deadlineMs", "picture", "replyTo"];

    private static readonly JsonDocumentOptions Strictly = new() { MaxDepth = 4, AllowDuplicateProperties = false };

    /// <summary>Reads one request.</summary>
    /// <param name="message">What came.</param>
    /// <param name="camera">The camera that the topic names; null for the node's own topic.</param>
    /// <returns>The request and the topic for its answer, as far as either could be read.</returns>
    public AskParseResult Read(InboundMessage message, string? camera)
    {
        if (message.RejectedLength is { } bytes)
        {
            return Refused("picture", string.Create(
                CultureInfo.InvariantCulture,
                $"the message is {bytes} bytes long, which is more than this device takes; send a smaller picture"));
        }

        var text = message.Payload.Span.TrimStart(" \t\r\n"u8);
        if (text.IsEmpty)
        {
            return Refused(null, "the message is empty; a question as text, or a JSON object with \"question\", is accepted");
        }

        return text[0] == (byte)'{' ? ReadObject(message, camera) : ReadText(message, camera);
    }

    private static AskParseResult Refused(string? field, string message) => new(null, null, null, new AskError(field, message));

    private AskParseResult ReadText(InboundMessage message, string? camera)
    {
        string question;
        try
        {
            question = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(message.Payload.Span).Trim();
        }
        catch (DecoderFallbackException)
        {
            return Refused(null, "the message is neither a JSON object nor UTF-8 text");
        }

        var reading = new AskFieldReader(limits);
        var request = new AskRequest
        {
            Camera = camera,
            Question = reading.Question(question),
            MaxTokens = limits.MaxTokens,
            Deadline = reading.Deadline(null, message.ExpiresIn),
        };
        reading.CheckAbout(request);
        return reading.Result(request, null, null);
    }

    private AskParseResult ReadObject(InboundMessage message, string? camera)
    {
        if (!Utf8.IsValid(message.Payload.Span))
        {
            return Refused(null, "the message begins as a JSON object but is not UTF-8; send it in that encoding");
        }

        try
        {
            using var document = JsonDocument.Parse(message.Payload, Strictly);
            return ReadFields(document.RootElement, message, camera);
        }
        catch (JsonException fault)
        {
            return Refused(null, $"the message begins as a JSON object but is none: {fault.Message}");
        }
        catch (InvalidOperationException)
        {
            // JSON may escape what no text can hold, which shows only when the text is read.
            return Refused(null, "the message holds half of a surrogate pair (\\uD800 to \\uDFFF); send the character itself");
        }
    }

    private AskParseResult ReadFields(JsonElement root, InboundMessage message, string? camera)
    {
        var fields = new AskFieldReader(limits);
        var id = fields.Text(root, "id", MaxIdLength);
        var replyTo = fields.Text(root, "replyTo", TopicName.MaxBytes);
        foreach (var property in root.EnumerateObject().Where(it => !Known.Contains(it.Name)))
        {
            fields.Fault(property.Name, $"is not known; known are {string.Join(", ", Known)}");
        }

        var type = fields.Type(root);
        var request = new AskRequest
        {
            Id = id,
            Camera = fields.Camera(root, camera),
            Question = fields.Question(fields.Text(root, "question", int.MaxValue) ?? ""),
            Type = type,
            Choices = fields.Choices(root, type),
            MaxTokens = fields.Whole(root, "maxTokens", 1, limits.MaxTokens) ?? limits.MaxTokens,
            Deadline = fields.Deadline(
                fields.Whole(root, "deadlineMs", 1, (int)limits.MaxDeadline.TotalMilliseconds), message.ExpiresIn),
            Picture = fields.Picture(root),
        };
        fields.CheckAbout(request);
        return fields.Result(request, id, replyTo);
    }
}

/// <summary>Result of parsing a message: a request or an error.</summary>
/// <param name="Request">Null when there is a fault.</param>
/// <param name="Id">The asker's own name for it, if it could be read.</param>
/// <param name="ReplyTo">Topic for the answer that the payload names; unchecked.</param>
/// <param name="Fault">The first thing that is wrong.</param>
public sealed record AskParseResult(AskRequest? Request, string? Id, string? ReplyTo, AskError? Fault);
