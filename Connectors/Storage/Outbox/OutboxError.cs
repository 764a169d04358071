using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace MobileVlm.Edge.Connectors.Storage.Outbox;

/// <summary>Kinds of errors of the outbox's file, by how the outbox handles them.</summary>
internal enum OutboxErrorKind
{
    /// <summary>No space: the disk, its quota or the file's own limit.</summary>
    Full,

    /// <summary>The file's content is damaged, or is not a database.</summary>
    Damaged,

    /// <summary>A newer version of this service wrote the file.</summary>
    Newer,

    /// <summary>The file belongs to another program and must not be touched.</summary>
    Foreign,

    /// <summary>The file cannot be used now: permission, a read-only or failing disk, something in the way, a lock.</summary>
    Unusable,
}

/// <summary>The only exception that leaves <see cref="IOutboxFolder"/> and <see cref="IOutboxDatabase"/>.</summary>
/// <param name="kind">What it means.</param>
/// <param name="reason">For people: what is wrong with the file. A full stop at its end is left out, because the message is
/// put into sentences.</param>
/// <param name="inner">What the database or the file system threw.</param>
/// <param name="needsReopening">Whether the connection is of no further use.</param>
internal sealed class OutboxError(OutboxErrorKind kind, string reason, Exception? inner = null, bool needsReopening = false)
    : Exception(reason.TrimEnd(' ', '.'), inner)
{
    public OutboxErrorKind Kind => kind;

    public bool NeedsReopening => needsReopening;

    /// <summary>Classifies what a database or file operation threw. Values that cannot be converted are damage: the
    /// schema allows no others.</summary>
    public static OutboxError From(Exception fault) => fault switch
    {
        OutboxError known => known,
        SqliteException sqlite => From(sqlite),
        InvalidCastException or FormatException or OverflowException or ArgumentException =>
            new OutboxError(OutboxErrorKind.Damaged, $"a row holds values of a wrong kind ({fault.Message})", fault),
        IOException full when IsFull(full) => new OutboxError(OutboxErrorKind.Full, "the disk is full", full),
        UnauthorizedAccessException => new OutboxError(OutboxErrorKind.Unusable, $"permission denied ({fault.Message})", fault),
        _ => new OutboxError(OutboxErrorKind.Unusable, fault.Message, fault, needsReopening: true),
    };

    private static OutboxError From(SqliteException fault) => fault.SqliteErrorCode switch
    {
        raw.SQLITE_FULL => new OutboxError(OutboxErrorKind.Full, "the disk is full", fault),
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => new OutboxError(OutboxErrorKind.Damaged, fault.Message, fault),
        raw.SQLITE_READONLY => new OutboxError(OutboxErrorKind.Unusable, "the file, its folder or its disk is read-only", fault),
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => new OutboxError(OutboxErrorKind.Unusable, "another process has the file open", fault),
        raw.SQLITE_CANTOPEN or raw.SQLITE_PERM or raw.SQLITE_AUTH =>
            new OutboxError(OutboxErrorKind.Unusable, "the file or one beside it cannot be opened", fault),
        raw.SQLITE_IOERR => new OutboxError(
            OutboxErrorKind.Unusable, $"the disk reports an input/output error ({fault.SqliteExtendedErrorCode})", fault),
        _ => new OutboxError(OutboxErrorKind.Unusable, fault.Message, fault, needsReopening: true),
    };

    // .NET keeps the errno of what it does not know by name: ENOSPC and EDQUOT.
    private static bool IsFull(IOException fault) => fault.HResult is 28 or 122;
}
