using Microsoft.Extensions.Logging;

namespace MobileVlm.Edge.Connectors.Storage.History;

/// <content>What it reports.</content>
internal sealed partial class HistoryStore
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message =
        "The history {Path} is damaged ({Damage}). New name of the file: {Aside}. A new one is begun; stored snapshots are kept. Check the disk (dmesg, smartctl).")]
    private partial void LogDamaged(string path, string damage, string aside);

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message =
        "The history in {Folder} cannot be used: {Fault}. Answers and events are published as before, but not recorded. Free space or repair the disk, its mount or the permissions.")]
    private partial void LogDisk(string folder, string fault);

    [LoggerMessage(EventId = 3, Level = LogLevel.Error, Message = "Nothing could be deleted from the history in {Folder} to free space: {Fault}. Free space on its disk.")]
    private partial void LogNoSpace(string folder, string fault);

    [LoggerMessage(EventId = 4, Level = LogLevel.Information, Message = "The history in {Folder} can be written again.")]
    private partial void LogRecovered(string folder);

    [LoggerMessage(EventId = 5, Level = LogLevel.Warning, Message = "{Answers} answer(s) are not in the history in {Folder}, because its disk could not be written until the end.")]
    private partial void LogLeft(long answers, string folder);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The history was not compacted: {Fault}")]
    private partial void LogNotCompacted(string fault);

    [LoggerMessage(EventId = 8, Level = LogLevel.Warning, Message = "The history could not be copied for a backup: {Reason}")]
    private partial void LogNotCopied(string reason);
}
