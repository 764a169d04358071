using System.Globalization;
using System.Text;
using System.Text.Json;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Connectors.Mqtt.AdHoc;

/// <summary>Reads the members of one request and keeps the first fault. What has a fault reads as if it were not
/// there.</summary>
internal sealed class AskFieldReader(AskLimits limits)
{
    private AskError? _fault;

    public void Fault(string field, string what) => _fault ??= new AskError(field, $"\"{field}\" {what}");

    public AskParseResult Result(AskRequest request, string? id, string? replyTo) =>
        new(_fault is null ? request : null, id, replyTo, _fault);

    public string? Text(JsonElement root, string name, int maxLength)
    {
        if (Find(root, name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String || value.GetString() is not { Length: > 0 } text)
        {
            Fault(name, "is not a text; a string that is not empty is accepted");
            return null;
        }

        if (text.Length > maxLength)
        {
            Fault(name, string.Create(
                CultureInfo.InvariantCulture, $"is {text.Length} characters long; at most {maxLength} are accepted"));
            return null;
        }

        return text;
    }

    public int? Whole(JsonElement root, string name, int least, int most)
    {
        if (Find(root, name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= least && number <= most)
        {
            return number;
        }

        Fault(name, string.Create(CultureInfo.InvariantCulture, $"is not a whole number from {least} to {most}"));
        return null;
    }

    public string Question(string question)
    {
        var text = question.Trim();
        if (!QuestionText.HasText(text))
        {
            Fault("question", "is missing or empty; write it as one would ask a person");
        }
        else if (Encoding.UTF8.GetByteCount(text) is var bytes && bytes > limits.MaxQuestionBytes)
        {
            Fault("question", string.Create(
                CultureInfo.InvariantCulture, $"is {bytes} bytes long; at most {limits.MaxQuestionBytes} are accepted"));
        }
        else if (text.Any(c => char.IsControl(c) && c is not ('\n' or '\t')))
        {
            Fault("question", "holds a control character");
        }

        return text;
    }

    public AnswerType Type(JsonElement root)
    {
        if (Text(root, "answer", 16) is not { } name)
        {
            return AnswerType.Text;
        }

        foreach (var type in AskParser.Types)
        {
            if (type.ToString().Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return type;
            }
        }

        Fault("answer", $"is not one of {string.Join(", ", AskParser.Types)}");
        return AnswerType.Text;
    }

    public IReadOnlyList<string> Choices(JsonElement root, AnswerType type)
    {
        if (Find(root, "choices") is not { } value)
        {
            if (type == AnswerType.Choice)
            {
                Fault("choices", "is missing; a Choice is between two or more texts");
            }

            return [];
        }

        var texts = value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(it => it.ValueKind == JsonValueKind.String)
            ? value.EnumerateArray().Select(it => it.GetString()!.Trim()).ToList()
            : [];
        if (texts.Count < 2 || texts.Count > limits.MaxChoices
            || texts.Any(text => text.Length == 0 || Encoding.UTF8.GetByteCount(text) > limits.MaxChoiceBytes)
            || texts.Distinct(StringComparer.OrdinalIgnoreCase).Count() < texts.Count)
        {
            Fault("choices", string.Create(
                CultureInfo.InvariantCulture,
                $"is not a list of 2 to {limits.MaxChoices} different texts of 1 to {limits.MaxChoiceBytes} bytes"));
        }
        else if (type != AnswerType.Choice)
        {
            Fault("choices", "counts for \"answer\": \"Choice\" only");
        }

        return texts;
    }

    public string? Camera(JsonElement root, string? ofTopic)
    {
        var named = Text(root, "camera", 64);
        if (ofTopic is not null && named is not null && named != ofTopic)
        {
            Fault("camera", $"is another one than the topic's, which is '{ofTopic}'; leave it out");
        }

        return ofTopic ?? named;
    }

    public ReadOnlyMemory<byte>? Picture(JsonElement root)
    {
        if (Find(root, "picture") is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String && value.TryGetBytesFromBase64(out var bytes) && bytes.Length > 0)
        {
            return bytes;
        }

        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
        Fault("picture", text.StartsWith("data:", StringComparison.OrdinalIgnoreCase)
                ? "is a data URL; send what follows its comma, without the beginning"
            : text.Contains("://", StringComparison.Ordinal)
                ? "is an address, and this service downloads nothing; send the picture file itself in base64"
            : "is not a JPEG, PNG, WebP, BMP or GIF file in base64");
        return null;
    }

    /// <summary>The shortest of the request's deadline, its message's expiry and the default.</summary>
    public TimeSpan Deadline(int? milliseconds, TimeSpan? expiresIn)
    {
        var deadline = milliseconds is { } asked ? TimeSpan.FromMilliseconds(asked) : limits.Deadline;
        return expiresIn is { } left && left < deadline ? left : deadline;
    }

    public void CheckAbout(AskRequest request)
    {
        // Each choice is tried in three spellings with an end behind it, and nothing is written.
        var left = limits.MaxQuestionBytes + limits.MaxTokens - Encoding.UTF8.GetByteCount(request.Question);
        if (request.Choices.Sum(choice => 3 * (Encoding.UTF8.GetByteCount(choice) + 1)) > left)
        {
            Fault("choices", "is too long together with the question; ask for fewer or shorter ones");
        }

        if (request.Camera is null && request.Picture is null)
        {
            Fault("camera", "is missing; name a camera, send a \"picture\", or ask on the camera's own topic");
        }
    }

    private static JsonElement? Find(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
