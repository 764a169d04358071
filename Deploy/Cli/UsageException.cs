namespace MobileVlm.Edge.Deploy.Cli;

/// <summary>An argument cannot be used; the message says why and what would be accepted.</summary>
internal sealed class UsageException(string message) : Exception(message);
