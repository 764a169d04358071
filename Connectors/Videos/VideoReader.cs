using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Connectors.Videos;

/// <summary>Reads the samples of one video file, once. ffmpeg decodes in a process of its own, and two samples are read ahead on a thread,
/// so that decoding goes on while the caller works. One caller at a time.</summary>
/// <param name="path">A file; <see cref="VideoFile.FindProblem"/> finds what is certainly not a video.</param>
/// <param name="sampling">Which frames.</param>
/// <param name="ffmpeg">The program.</param>
/// <param name="pool">Lends the pixels.</param>
public sealed class VideoReader(string path, VideoSampling sampling, string ffmpeg, FramePool pool)
{
    /// <summary>Pictures per second of a file without times: ffmpeg's default.</summary>
    public const int AssumedRate = 25;

    private const int ReadAhead = 2;

    /// <summary>Exit code of ffmpeg when a signal ended it.</summary>
    private const int SignalExitCode = 255;

    /// <summary>A part of this length may be missing at the end without a word: lengths in files are rounded, and sound may be
    /// longer.</summary>
    private static readonly TimeSpan EndTolerance = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan ExitTime = TimeSpan.FromSeconds(3);
    private static readonly CameraId Source = new("video");

    private readonly VideoReport _report = new();
    private readonly string? _demuxer = VideoFile.FindDemuxer(path);

    /// <summary>The file has no times in it, and <see cref="AssumedRate"/> is used.</summary>
    public bool IsWithoutTimes => _demuxer == VideoFile.JpegSequence;

    /// <summary>Length of the file; null before its first sample, and for files that do not name it. Read from any thread.</summary>
    public TimeSpan? Length => _report.Length;

    /// <summary>Damage that the decoder found although the video was read to its end; null when there was none, and before the
    /// end.</summary>
    public string? Damage { get; private set; }

    /// <summary>Reads the samples. The caller disposes each; those that were read ahead are disposed here.</summary>
    /// <param name="cancel">Ends the reading.</param>
    /// <exception cref="VideoException">It cannot be read, or ends too early. Samples before that are valid.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IEnumerable<VideoFrame> Read(CancellationToken cancel)
    {
        using var child = Start();
        var stderr = new StderrTail(child.StandardError, _report);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var read = new BlockingCollection<VideoFrame>(ReadAhead);
        var reading = Task.Factory.StartNew(
            () => ReadAll(child, read, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var count = 0L;
        try
        {
            foreach (var sample in read.GetConsumingEnumerable(cancel))
            {
                count++;
                yield return sample;
            }

            var broken = reading.GetAwaiter().GetResult();
            child.WaitForExit(ExitTime);
            stderr.WaitForEnd(ExitTime, cancel);
            cancel.ThrowIfCancellationRequested();
            Check(child, count, broken, stderr.Read(), cancel);
        }
        finally
        {
            stop.Cancel();
            Kill(child);
            ((IAsyncResult)reading).AsyncWaitHandle.WaitOne();
            while (read.TryTake(out var unread))
            {
                unread.Dispose();
            }
        }
    }

    /// <summary>Finds out whether videos can be decoded at all.</summary>
    /// <param name="ffmpeg">The program.</param>
    /// <exception cref="VideoException">It cannot be started, or is something else.</exception>
    public static void RequireDecoder(string ffmpeg)
    {
        if (FfmpegVersion.Of(ffmpeg).Major == 0)
        {
            throw Missing(ffmpeg, "it is not installed, or is not ffmpeg");
        }
    }

    private static VideoException Missing(string ffmpeg, string why) =>
        new($"Videos are decoded by ffmpeg, and '{ffmpeg}' could not be started: {why}. Install it (apt-get install ffmpeg), or name it with --ffmpeg.")
        {
            IsDecoderMissing = true,
        };

    private Process Start()
    {
        var child = new Process
        {
            StartInfo = new ProcessStartInfo(ffmpeg, VideoCommand.Arguments(path, sampling, ffmpeg, _demuxer))
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
                Environment = { ["LC_ALL"] = "C.UTF-8", ["AV_LOG_FORCE_NOCOLOR"] = "1" },
            },
        };
        try
        {
            child.Start();
        }
        catch (Win32Exception fault)
        {
            child.Dispose();
            throw Missing(ffmpeg, fault.Message);
        }

        PipeBuffer.TryEnlarge(child.StandardOutput.BaseStream);
        return child;
    }

    /// <returns>What was wrong with the stream, or null when it ended between two frames.</returns>
    private string? ReadAll(Process child, BlockingCollection<VideoFrame> read, CancellationToken stop)
    {
        try
        {
            var reader = new PpmReader(child.StandardOutput.BaseStream);
            for (var index = 0L; !stop.IsCancellationRequested && reader.TryReadHeader(out var width, out var height); index++)
            {
                var frame = pool.Rent(width, height, Source, new FrameSequence(index + 1), DateTimeOffset.UnixEpoch, capturedTimestamp: 0);
                var isRead = false;
                try
                {
                    reader.ReadPixels(frame.Pixels);
                    read.Add(new VideoFrame(sampling.TimeOf(index), frame), stop);
                    isRead = true;
                }
                finally
                {
                    if (!isRead)
                    {
                        frame.Dispose();
                    }
                }
            }

            return null;
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException)
        {
            return fault.Message;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        finally
        {
            read.CompleteAdding();
        }
    }

    /// <summary>Decides whether this was all of the video.</summary>
    private void Check(Process child, long count, string? broken, string errors, CancellationToken cancel)
    {
        if (sampling.To is { } end && count >= sampling.CountBefore(end))
        {
            Damage = errors.Length > 0 ? errors : null;
            return;
        }

        if (child.HasExited && child.ExitCode == SignalExitCode)
        {
            // Ctrl+C in a terminal goes to the decoder too, which may be the first to end.
            cancel.WaitHandle.WaitOne(TimeSpan.FromSeconds(1));
            cancel.ThrowIfCancellationRequested();
        }

        var isFailed = broken is not null || !child.HasExited || child.ExitCode != 0;
        if (count == 0)
        {
            throw new VideoException(errors.Length > 0 || isFailed
                ? $"cannot be decoded: {DecoderErrors.Explain(errors.Length > 0 ? errors : broken ?? "the decoder ended without a message")}."
                : sampling.From > TimeSpan.Zero ? $"ends before {Text(sampling.From)}, where it should be read from."
                : "has no picture.");
        }

        errors = errors.Split(" | ")[0];

        // A file that was cut off names its whole length, and the decoder reports errors where it ends.
        var last = sampling.TimeOf(count - 1) + sampling.Every;
        var expected = Length is { } length && sampling.To is { } to && to < length ? to : Length;
        if (isFailed || (errors.Length > 0 && last + EndTolerance < expected))
        {
            throw new VideoException(
                $"could be read only up to about {Text(last)}{(expected is { } whole ? $" of {Text(whole)}" : "")}: its end is missing or damaged "
                + $"({(errors.Length > 0 ? errors : broken ?? "the decoder ended without a message")}).");
        }

        Damage = errors.Length > 0 ? errors : null;
    }

    private static string Text(TimeSpan time) => time.ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture);

    private static void Kill(Process child)
    {
        try
        {
            child.Kill(entireProcessTree: true);
            child.WaitForExit(ExitTime);
        }
        catch (Exception fault) when (fault is Win32Exception or AggregateException or InvalidOperationException)
        {
            // It has ended, or the system refuses; it ends by itself when nobody reads from it.
            Debug.WriteLine(fault.Message);
        }
    }
}
