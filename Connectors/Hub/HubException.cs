namespace MobileVlm.Edge.Connectors.Hub;

/// <summary>The hub or a bundle of its files did not give what was asked; the message names what to do.</summary>
public sealed class HubException(string message, Exception? cause = null) : Exception(Printable(message), cause)
{
    // Names and addresses in it come from a server; they must neither flood a log nor speak to a terminal.
    private const int LongestMessage = 2000;

    /// <summary>What happened, without advice for somebody who typed a command; null where the message has none.</summary>
    public string? Reason { get; init => field = value is null ? null : Printable(value); }

    private static string Printable(string message) => string.Concat(
        message.Take(LongestMessage).Select(c => char.IsControl(c) && c != '\n' || char.IsSurrogate(c) ? '?' : c));
}

/// <summary>A failure that may pass: the caller waits and asks again.</summary>
internal sealed class HubInterruptedException(string message, TimeSpan? retryAfter = null, Exception? cause = null)
    : Exception(message, cause)
{
    /// <summary>The pause that the server asked for; null when it did not name one.</summary>
    public TimeSpan? RetryAfter => retryAfter;
}
