using System.IO.Enumeration;

namespace MobileVlm.Edge.Actors.Questions;

/// <summary>Names questions by camera and id: <c>gate/person</c>. Each part may hold <c>*</c>, which stands for any
/// characters.</summary>
public sealed record QuestionPattern
{
    /// <summary>What <see cref="Parse"/> accepts, for messages and the reference.</summary>
    public const string Accepted = "'CAMERA/QUESTION', where '*' stands for any characters, such as 'gate/person', 'gate/*' or '*/person'";

    private const int MaxLength = 256;

    private QuestionPattern(string camera, string question) => (Camera, Question) = (camera, question);

    /// <summary>The part before the slash.</summary>
    public string Camera { get; }

    /// <summary>The part behind the slash.</summary>
    public string Question { get; }

    /// <summary>Parses a pattern.</summary>
    /// <exception cref="FormatException">It is not a pattern; the message is the rest of a sentence.</exception>
    public static QuestionPattern Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length <= MaxLength && text.Split('/') is [{ Length: > 0 } camera, { Length: > 0 } question] && camera.All(IsAllowed) && question.All(IsAllowed)
            ? new QuestionPattern(camera, question)
            : throw new FormatException($"does not name questions; {Accepted} would be accepted");
    }

    /// <summary>Whether it names a question.</summary>
    public bool Matches(string camera, string question) =>
        FileSystemName.MatchesSimpleExpression(Camera, camera, ignoreCase: false)
        && FileSystemName.MatchesSimpleExpression(Question, question, ignoreCase: false);

    /// <inheritdoc/>
    public override string ToString() => $"{Camera}/{Question}";

    private static bool IsAllowed(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '*';
}
