using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace MobileVlm.Edge.Connectors.Storage;

/// <summary>Kinds of errors of a database file, by how a store handles them.</summary>
internal enum StorageErrorKind
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

/// <summary>The only exception that leaves the layer of a store that accesses its files.</summary>
/// <param name="kind">What it means.</param>
/// <param name="reason">For people: what is wrong with the file. A full stop at its end is left out, because the message is
/// put into sentences.</param>
/// <param name="inner">What the database or the file system threw.</param>
/// <param name="needsReopening">Whether the connection is of no further use.</param>
internal sealed class StorageError(StorageErrorKind kind, string reason, Exception? inner = null, bool needsReopening = false)
    : Exception(reason.TrimEnd(' ', '.'), inner)
{
    public StorageErrorKind Kind => kind;

    public bool NeedsReopening => needsReopening;

    /// <summary>Classifies what a database or file operation threw. Values that cannot be converted are damage: the
    /// schema allows no others.</summary>
    public static StorageError From(Exception fault) => fault switch
    {
        StorageError known => known,
        SqliteException sqlite => From(sqlite),
        InvalidCastException or FormatException or OverflowException or ArgumentException =>
            new StorageError(StorageErrorKind.Damaged, $"a row holds values of a wrong kind ({fault.Message})", fault),
        IOException full when IsFull(full) => new StorageError(StorageErrorKind.Full, "the disk is full", full),
        UnauthorizedAccessException => new StorageError(StorageErrorKind.Unusable, $"permission denied ({fault.Message})", fault),
        _ => new StorageError(StorageErrorKind.Unusable, fault.Message, fault, needsReopening: true),
    };

    private static StorageError From(SqliteException fault) => fault.SqliteErrorCode switch
    {
        raw.SQLITE_FULL => new StorageError(StorageErrorKind.Full, "the disk is full", fault),
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => new StorageError(StorageErrorKind.Damaged, fault.Message, fault),
        raw.SQLITE_READONLY => new StorageError(StorageErrorKind.Unusable, "the file, its folder or its disk is read-only", fault),
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => new StorageError(StorageErrorKind.Unusable, "another process has the file open", fault),
        raw.SQLITE_CANTOPEN or raw.SQLITE_PERM or raw.SQLITE_AUTH =>
            new StorageError(StorageErrorKind.Unusable, "the file or one beside it cannot be opened", fault),
        raw.SQLITE_IOERR => new StorageError(
            StorageErrorKind.Unusable, $"the disk reports an input/output error ({fault.SqliteExtendedErrorCode})", fault),
        _ => new StorageError(StorageErrorKind.Unusable, fault.Message, fault, needsReopening: true),
    };

    // .NET keeps the errno of what it does not know by name: ENOSPC and EDQUOT.
    private static bool IsFull(IOException fault) => fault.HResult is 28 or 122;
}
