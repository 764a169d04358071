namespace MobileVlm.Edge.Deploy.Backups;

/// <summary>A backup cannot be written, read or restored; the message says why and what to do.</summary>
internal sealed class BackupException(string message) : IOException(message);
