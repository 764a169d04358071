using System.Buffers.Binary;

namespace MobileVlm.Edge.Connectors.Storage.Outbox;

/// <summary>Reads SQLite's write-ahead log before the database is opened: SQLite reads such a log up to the first frame
/// that is damaged and drops the rest without an error.</summary>
/// <param name="Commits">Numbers of the frames, from 1, that end a transaction of the log's present round.</param>
/// <param name="IsTorn">Its beginning is not that of a log.</param>
internal sealed record WriteAheadLogScan(IReadOnlyList<long> Commits, bool IsTorn)
{
    private const int HeaderLength = 32;
    private const int FrameHeaderLength = 24;
    private const uint Magic = 0x377f0682;

    /// <summary>An empty one, or none.</summary>
    public static WriteAheadLogScan None { get; } = new([], false);

    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static WriteAheadLogScan Read(string path)
    {
        if (FileIdentity.Of(path) is not { IsRegularFile: true, Length: > HeaderLength })
        {
            return None;
        }

        using var file = File.OpenRead(path);
        Span<byte> header = stackalloc byte[HeaderLength];
        file.ReadExactly(header);
        var pageSize = BinaryPrimitives.ReadUInt32BigEndian(header[8..]);
        if ((BinaryPrimitives.ReadUInt32BigEndian(header) & ~1u) != Magic || pageSize is < 512 or > 65536)
        {
            return None with { IsTorn = true };
        }

        var salt = BinaryPrimitives.ReadUInt64BigEndian(header[16..]);
        var (commits, isTorn) = (new List<long>(), false);
        Span<byte> frame = stackalloc byte[FrameHeaderLength];
        for (var number = 1L; file.Position + FrameHeaderLength + pageSize <= file.Length; number++)
        {
            file.ReadExactly(frame);
            file.Position += pageSize;

            // Others are left from an earlier round; the first one never is.
            var isPresent = BinaryPrimitives.ReadUInt64BigEndian(frame[8..]) == salt;
            isTorn |= number == 1 && !isPresent;
            if (isPresent && BinaryPrimitives.ReadUInt32BigEndian(frame[4..]) > 0)
            {
                commits.Add(number);
            }
        }

        return new WriteAheadLogScan(commits, isTorn);
    }

    /// <summary>Whether events that had been stored are missing. One transaction at the end may be: it was being written
    /// when the power failed, and nobody had been informed that it was stored.</summary>
    /// <param name="read">Frames that SQLite has read.</param>
    public bool Lacks(long read) => IsTorn || Commits.Count(number => number > read) > 1;
}
