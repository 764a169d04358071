using Microsoft.Extensions.Logging;

namespace MobileVlm.Edge.Connectors.Storage.Outbox;

/// <content>What it reports.</content>
internal sealed partial class OutboxStore
{
    private void DroppedForSpace(long rows, string reason = "because the outbox was full")
    {
        if (rows > 0)
        {
            _droppedForSpace += rows;
            LogDropped(rows, reason);
        }
    }

    private void DroppedForAge(long rows)
    {
        if (rows > 0)
        {
            _droppedForAge += rows;
            LogDropped(rows, "because they were too old");
        }
    }

    [LoggerMessage(EventId = 61, Level = LogLevel.Error, Message =
        "The outbox {Path} is damaged ({Damage}). New name of the file: {Aside}. {Rescued} waiting event(s) were read out of it and are sent; at least {Lost} are lost. Check the disk (dmesg, smartctl).")]
    private partial void LogDamaged(string path, string damage, string aside, long rescued, long lost);

    [LoggerMessage(EventId = 62, Level = LogLevel.Error, Message =
        "The outbox {Path} cannot be used: {Fault}. Answers and events are published as before; events that wait are kept in memory and written once the disk takes them. Free space or repair the disk, its mount or the permissions.")]
    private partial void LogDisk(string path, string fault);

    [LoggerMessage(EventId = 63, Level = LogLevel.Error, Message = "Nothing could be deleted from the outbox {Path} to free space: {Fault}. Free space on its disk.")]
    private partial void LogNoSpace(string path, string fault);

    [LoggerMessage(EventId = 64, Level = LogLevel.Information, Message = "The outbox {Path} can be written again; nothing is left in memory only.")]
    private partial void LogRecovered(string path);

    [LoggerMessage(EventId = 65, Level = LogLevel.Warning, Message = "{Rows} event(s) that waited for the broker were dropped {Reason}.")]
    private partial void LogDropped(long rows, string reason);

    [LoggerMessage(EventId = 66, Level = LogLevel.Error, Message =
        "{Events} event(s) end with the process: the broker did not take them, and the outbox {Path} could not be written.")]
    private partial void LogLeft(long events, string path);

    [LoggerMessage(EventId = 68, Level = LogLevel.Warning, Message =
        "The outbox {Path} was removed or replaced while it was open. What it held is written to the file that is there now.")]
    private partial void LogRemoved(string path);

    [LoggerMessage(EventId = 69, Level = LogLevel.Error, Message =
        "The write-ahead log of the outbox {Path} is damaged. Events that were stored last before the last stop are lost; how many is not known. Check the disk (dmesg, smartctl).")]
    private partial void LogLogDamaged(string path);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The outbox's log stays as it is: {Fault}")]
    private partial void LogNoCheckpoint(string fault);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The outbox was not compacted: {Fault}")]
    private partial void LogNotCompacted(string fault);
}
