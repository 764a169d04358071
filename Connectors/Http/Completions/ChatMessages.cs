using System.Globalization;
using System.Text.RegularExpressions;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Completions;

/// <summary>Turns the messages of a request into a conversation as the model was trained on it: turns of a user and an
/// assistant, one picture.</summary>
internal sealed partial class ChatMessages
{
    /// <summary>The response header that says what of the request was left out.</summary>
    public const string LeftOutHeader = "X-MobileVLM-Left-Out";

    /// <summary>Longest conversation read, in messages.</summary>
    private const int MaxMessages = 2000;

    /// <summary>A picture without a question.</summary>
    private const string DefaultQuestion = "Describe the picture.";

    private readonly List<string> _system = [];
    private readonly List<(string User, string? Assistant)> _turns = [];
    private readonly List<(int Turn, Base64Picture Picture)> _pictures = [];
    private int _count;

    /// <summary>Whether anything was said.</summary>
    public bool IsEmpty => _turns.Count == 0 && _system.Count == 0;

    /// <summary>Whether there is a picture.</summary>
    public bool HasPicture => _pictures.Count > 0;

    /// <summary>Whether a system message replaces the model's own.</summary>
    public bool HasSystem => _system.Count > 0;

    /// <summary>The last text of the user.</summary>
    public string LastUserText => _turns.Count > 0 ? _turns[^1].User : "";

    /// <summary>Whether this is a background request of a chat page.</summary>
    public bool IsChatTask => !HasPicture && LastUserText.StartsWith("### Task:", StringComparison.Ordinal);

    /// <summary>Adds a message.</summary>
    /// <param name="role">An unknown role counts as the user.</param>
    /// <param name="text">May be empty.</param>
    /// <param name="pictures">The pictures in it.</param>
    /// <exception cref="HttpFailureException">There are too many messages.</exception>
    public void Add(string role, string text, IReadOnlyList<Base64Picture> pictures)
    {
        if (++_count > MaxMessages)
        {
            throw HttpFailureException.Invalid("messages", string.Create(CultureInfo.InvariantCulture, $"more than {MaxMessages} messages were sent; leave out the oldest"));
        }

        switch (role)
        {
            case "system" or "developer":
                AddSystem(text);
                break;
            case "assistant" or "model":
                AddAssistant(text);
                break;
            case "tool" or "function":
                // Tools are ignored, and so are their results.
                break;
            default:
                AddUser(Clean(text), pictures);
                break;
        }
    }

    /// <summary>Adds pictures to the last message of the user.</summary>
    public void AddToLastUser(IReadOnlyList<Base64Picture> pictures)
    {
        if (pictures.Count > 0)
        {
            var turn = _turns.FindLastIndex(it => it.User.Length > 0 || it.Assistant is null);
            if (turn < 0)
            {
                AddUser("", pictures);
                return;
            }

            _pictures.AddRange(pictures.Select(picture => (turn, picture)));
        }
    }

    /// <summary>The conversation.</summary>
    /// <param name="model">The model that will answer it.</param>
    /// <param name="sampling">How the answer is made.</param>
    /// <param name="leftOut">What of it is not used, for a response header; null when all is.</param>
    /// <exception cref="HttpFailureException">There is no message, or a picture for a model without vision.</exception>
    public ChatRequest Build(ModelDescription model, SamplingSettings sampling, out string? leftOut)
    {
        leftOut = null;
        if (IsEmpty)
        {
            throw HttpFailureException.Invalid("messages", "'messages' is empty; send at least one message with the role 'user'");
        }

        if (HasPicture && !model.HasVision)
        {
            throw HttpFailureException.Invalid("messages", $"the model '{model.Id}' processes text only; send no picture");
        }

        // A system message alone is a question nevertheless.
        var (system, turns) = _turns.Count > 0
            ? (_system.Count > 0 ? string.Join('\n', _system) : null, _turns)
            : (null, [(string.Join('\n', _system), null)]);
        byte[]? file = null;
        var pictureTurn = 0;
        if (_pictures.Count > 0)
        {
            var newest = _pictures[^1];
            (file, pictureTurn) = (newest.Picture.Decode("messages"), newest.Turn);
            var different = _pictures.Select(it => it.Picture.Digest).Distinct(StringComparer.Ordinal).Count();
            leftOut = different == 1 ? null
                : string.Create(CultureInfo.InvariantCulture, $"{different - 1} older of {different} pictures; the model takes one, and the newest counts");
        }

        var last = turns.Count - 1;
        return new ChatRequest
        {
            System = system,
            Turns = [.. turns.Select((turn, i) => new ChatTurn(
                i == last && i == pictureTurn && file is not null && turn.User.Length == 0 ? DefaultQuestion : turn.User, turn.Assistant))],
            Picture = file is null ? (ReadOnlyMemory<byte>?)null : file,
            PictureTurn = pictureTurn,
            Sampling = sampling,
        };
    }

    private void AddSystem(string text)
    {
        if (text.Trim() is { Length: > 0 } trimmed)
        {
            _system.Add(trimmed);
        }
    }

    private void AddAssistant(string text)
    {
        if (_turns.Count == 0)
        {
            _turns.Add(("", text));
        }
        else if (_turns[^1] is { Assistant: { } before } turn)
        {
            _turns[^1] = turn with { Assistant = before + text };
        }
        else
        {
            _turns[^1] = _turns[^1] with { Assistant = text };
        }
    }

    // Some clients send a picture and its question as two messages of the user.
    private void AddUser(string text, IReadOnlyList<Base64Picture> pictures)
    {
        if (_turns.Count > 0 && _turns[^1].Assistant is null)
        {
            var before = _turns[^1].User;
            _turns[^1] = _turns[^1] with { User = before.Length == 0 ? text : text.Length == 0 ? before : $"{before}\n{text}" };
        }
        else
        {
            _turns.Add((text, null));
        }

        _pictures.AddRange(pictures.Select(picture => (_turns.Count - 1, picture)));
    }

    /// <summary>Removes what programs add to a user's text: the list of attached files, and the mark that stands for a picture, which
    /// the model would take for a second one.</summary>
    private static string Clean(string text) =>
        AttachedFiles().Replace(text, "").Replace("<image>", "", StringComparison.Ordinal).Trim();

    [GeneratedRegex(@"\A\s*<attached_files>.*?</attached_files>\s*", RegexOptions.Singleline)]
    private static partial Regex AttachedFiles();
}
