using MobileVlm.Edge.Actors.Scanning;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Connectors.Videos;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Deploy.Commands.Scanning;

/// <summary>Scans videos one after the other. One that cannot be read does not keep the others from being scanned.</summary>
/// <param name="settings">What is asked.</param>
/// <param name="sampling">Which frames.</param>
/// <param name="ffmpeg">The program that decodes videos.</param>
/// <param name="keepsPictures">Whether pictures of changes are kept, for a report.</param>
internal sealed class ScanRun(ScanSettings settings, VideoSampling sampling, string ffmpeg, bool keepsPictures)
{
    /// <summary>Largest number of pictures of one video: the report stays small enough to be opened.</summary>
    private const int MaxPictures = 200;

    /// <summary>Pixels: twice the size at which the report shows them.</summary>
    private const int PictureWidth = 320;

    private const int PictureQuality = 70;

    private readonly FramePool _frames = new();

    /// <summary>Scans.</summary>
    /// <param name="videos">To be filled; those with an error are left out.</param>
    /// <param name="encoder">Stage 1.</param>
    /// <param name="answerer">Stage 2.</param>
    /// <param name="progress">Shows how far it is.</param>
    /// <param name="cancel">Ends the scan; what was answered before is kept.</param>
    public void Run(
        IReadOnlyList<ScannedVideo> videos, IVisionEncoder encoder, IQuestionAnswerer answerer, ScanProgress progress, CancellationToken cancel)
    {
        foreach (var video in videos.Where(video => video.Error is null))
        {
            var reader = new VideoReader(video.Path, sampling, ffmpeg, _frames);
            video.IsWithoutTimes = reader.IsWithoutTimes;
            progress.Begin(video.Path, sampling.From);
            try
            {
                new VideoScan(encoder, answerer, settings).Run(reader.Read(cancel), (answers, frame) => Add(video, reader, answers, frame, progress), cancel);
                video.Damage = reader.Damage;
            }
            catch (VideoException fault) when (!fault.IsDecoderMissing)
            {
                video.Error = fault.Message;
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                video.IsStopped = true;
            }

            video.Length = reader.Length;
            progress.End();
        }
    }

    private void Add(ScannedVideo video, VideoReader reader, ScannedFrame answers, Frame frame, ScanProgress progress)
    {
        var before = video.Frames.Count == 0 ? null : video.Frames[^1];
        video.Add(answers);
        if (keepsPictures && video.Pictures.Count < MaxPictures && (before is null || IsChanged(before, answers)))
        {
            video.Pictures[answers.Time] = ImageCodec.EncodeJpeg(frame, PictureQuality, PictureWidth);
        }

        progress.Report(answers.Time + sampling.Every, reader.Length is { } length && sampling.To is { } to && to < length ? to : reader.Length ?? sampling.To);
    }

    private static bool IsChanged(ScannedFrame before, ScannedFrame after) => !after.Reused && before.Answers.Zip(after.Answers)
        .Any(pair => ScannedVideo.ValueOf(pair.First) != ScannedVideo.ValueOf(pair.Second) || pair.First.Unclear != pair.Second.Unclear);
}
