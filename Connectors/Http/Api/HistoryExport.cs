using System.Globalization;
using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Http;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Connectors.Storage.Labels;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>Sends the snapshots of a time as a ZIP archive with a table of what was answered about each. One picture at a time is in
/// memory.</summary>
internal static class HistoryExport
{
    /// <summary>Most pictures of an archive. A picture per minute of a week is about as many.</summary>
    public const int MaxPictures = 10_000;

    private const string Index = "index.csv";

    /// <summary>Rows that are read together.</summary>
    private const int FramesAtOnce = 200;

    /// <summary>Sends the archive.</summary>
    /// <exception cref="HttpFailureException">The request is wrong, there is nothing or too much, or the history cannot be read.</exception>
    public static async Task WriteAsync(RouteContext context, IHistory history, ILabelService? labels, TimeProvider time)
    {
        var (camera, question) = (context.RequiredText("camera"), context.RequiredText("question"));
        var to = context.Moment("to") ?? time.GetUtcNow();
        var from = context.Moment("from") ?? to - TimeSpan.FromDays(1);
        if (from >= to)
        {
            throw HttpFailureException.Invalid("from", "'from' is not before 'to'");
        }

        await CheckCountAsync(context, history, camera, question, from, to);
        var response = context.Http.Response;
        response.ContentType = "application/zip";
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentDisposition = string.Create(
            CultureInfo.InvariantCulture, $"attachment; filename=\"{camera}-{question}-{from.UtcDateTime:yyyyMMdd'T'HHmmss}.zip\"");
        if (HttpMethods.IsHead(context.Http.Request.Method))
        {
            return;
        }

        await WriteArchiveAsync(context, new Source(history, camera, question, await LabelsAsync(context, labels, camera, question)), from, to);
    }

    /// <summary>The labels of the question by their ids; none where it has none or they cannot be read.</summary>
    private static async Task<IReadOnlyDictionary<string, string>> LabelsAsync(RouteContext context, ILabelService? labels, string camera, string question)
    {
        try
        {
            return labels is null
                ? new Dictionary<string, string>()
                : (await labels.ListAsync(camera, question, context.Stopping)).Labels.ToDictionary(it => it.Id, it => it.Value);
        }
        catch (HttpFailureException failure) when (failure.Status < StatusCodes.Status500InternalServerError)
        {
            // The question was removed, cannot be labelled, or no state folder holds labels: its frames are sent all the same.
            return new Dictionary<string, string>();
        }
    }

    private static async Task CheckCountAsync(
        RouteContext context, IHistory history, string camera, string question, DateTimeOffset from, DateTimeOffset to)
    {
        var frames = await HistoryRoutes.ReadAsync(history.FramesAsync(camera, question, from, to, MaxPictures + 1, context.Stopping));
        if (frames.Count == 0)
        {
            throw HttpFailureException.NotFound($"no pictures of the camera '{HttpFailureException.Shown(camera)}' are stored of this time");
        }

        if (frames.Count > MaxPictures)
        {
            throw HttpFailureException.Invalid("from", string.Create(
                CultureInfo.InvariantCulture,
                $"an archive has at most {MaxPictures} pictures; ask for a shorter time, for example up to {frames[MaxPictures].Snapshot.At:O}"));
        }
    }

    private static async Task WriteArchiveAsync(RouteContext context, Source source, DateTimeOffset from, DateTimeOffset to)
    {
        var index = new StringBuilder();
        CsvBody.AddLine(index, "file", "time", "camera", "question", "value", "score", "state", "reason", "label", "frame", "scoredBy");

        // The archive writes synchronously, which the server does not allow: its bytes are sent after each picture.
        using var buffer = new SendBuffer();
        using (var archive = new ZipArchive(buffer, ZipArchiveMode.Create, leaveOpen: true))
        {
            for (var at = from; ;)
            {
                var frames = await HistoryRoutes.ReadAsync(source.History.FramesAsync(source.Camera, source.Question, at, to, FramesAtOnce, context.Stopping));
                foreach (var frame in frames)
                {
                    await AddAsync(context, source, archive, frame, index);
                    await buffer.SendAsync(context.Http.Response.Body, context.Stopping);
                }

                if (frames.Count < FramesAtOnce)
                {
                    break;
                }

                at = frames[^1].Snapshot.At.AddMilliseconds(1);
            }

            using var table = archive.CreateEntry(Index, CompressionLevel.Fastest).Open();
            table.Write(Encoding.UTF8.GetBytes(index.ToString()));
        }

        await buffer.SendAsync(context.Http.Response.Body, context.Stopping);
    }

    private static async Task AddAsync(RouteContext context, Source source, ZipArchive archive, StoredFrame frame, StringBuilder index)
    {
        var (snapshot, answer, state) = frame;
        if (await source.History.SnapshotAsync(snapshot.Id, context.Stopping) is not { } jpeg)
        {
            // It was deleted meanwhile.
            return;
        }

        var name = string.Create(CultureInfo.InvariantCulture, $"{snapshot.At.UtcDateTime:yyyyMMdd'T'HHmmssfff}-{snapshot.Frame}.jpg");
        var entry = archive.CreateEntry(name, CompressionLevel.NoCompression);
        entry.LastWriteTime = snapshot.At.ToUniversalTime();
        using (var file = entry.Open())
        {
            file.Write(jpeg);
        }

        var label = source.Labels.GetValueOrDefault(LabelId.Of(snapshot.At, snapshot.Frame));
        CsvBody.AddLine(
            index, name, snapshot.At, source.Camera, source.Question, answer?.Value, answer?.Score, state, answer?.Reason, label, snapshot.Frame, answer?.ScoredBy);
    }

    /// <summary>What is sent: the frames of one camera with the answers and labels of one question.</summary>
    /// <param name="History">Has the frames.</param>
    /// <param name="Camera">The camera.</param>
    /// <param name="Question">The question.</param>
    /// <param name="Labels">Its labels by their ids.</param>
    private sealed record Source(IHistory History, string Camera, string Question, IReadOnlyDictionary<string, string> Labels);

    /// <summary>Collects what is written until it is sent.</summary>
    private sealed class SendBuffer : Stream
    {
        private readonly MemoryStream _waiting = new();
        private long _written;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => _written;
            set => throw new NotSupportedException();
        }

        public async Task SendAsync(Stream target, CancellationToken cancel)
        {
            await target.WriteAsync(_waiting.GetBuffer().AsMemory(0, (int)_waiting.Length), cancel);
            _waiting.SetLength(0);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _waiting.Write(buffer);
            _written += buffer.Length;
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _waiting.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
