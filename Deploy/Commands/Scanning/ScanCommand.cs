using System.CommandLine;
using System.Text.Json;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.Scanning;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Videos;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Deploy.Commands.Scanning;

/// <summary><c>mobilevlm scan</c>: answers questions about recorded videos.</summary>
internal static class ScanCommand
{
    public static Command Create()
    {
        var options = new ScanOptions();
        var command = new Command("scan", "Answer questions about recorded videos, faster than they play: when is there a person?");
        options.AddTo(command);
        command.SetAction((parsed, cancel) => Task.Factory.StartNew(
            () => Run(parsed, options, cancel), cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        return command;
    }

    private static int Run(ParseResult parsed, ScanOptions options, CancellationToken cancel)
    {
        // Quick checks come before the model's sessions are opened.
        var settings = new ScanSettings(ScanQuestions.Read(parsed, options))
        {
            Region = ScanQuestions.ReadRegion(parsed, options),
            Gate = options.ReadGate(parsed),
        };
        if (parsed.GetValue(options.Json) && parsed.GetValue(options.Csv))
        {
            throw new UsageException("--json and --csv are two forms of the same output. Give one of them.");
        }

        OutputFile.Check(options.Html.Name, parsed.GetValue(options.Html));
        var folder = ModelFolder.Open(parsed.GetRequiredValue(options.Model));
        var sampling = SamplingOf(parsed, options, settings, folder);
        var videos = Open(parsed.GetRequiredValue(options.Videos), sampling.Every);
        var ffmpeg = parsed.GetRequiredValue(options.Ffmpeg);
        VideoReader.RequireDecoder(ffmpeg);
        Scan(folder, options.Target.Read(parsed), settings, videos, new ScanRun(settings, sampling, ffmpeg, parsed.GetValue(options.Html) is not null), cancel);

        var report = new ScanReport(folder.Manifest.Name, settings, sampling, videos);
        if (parsed.GetValue(options.Html) is { } page)
        {
            File.WriteAllText(page, ScanPage.Create(report));
        }

        Write(parsed, options, report);
        foreach (var remark in videos.SelectMany(video => video.Remarks()))
        {
            Terminal.Info(remark);
        }

        foreach (var problem in videos.Select(video => video.Problem).OfType<string>())
        {
            Terminal.Error(problem);
        }

        return report.IsComplete ? ExitCode.Done : ExitCode.Failed;
    }

    private static VideoSampling SamplingOf(ParseResult parsed, ScanOptions options, ScanSettings settings, ModelFolder folder)
    {
        var sampling = new VideoSampling(parsed.GetValue(options.Every) ?? TimeSpan.FromSeconds(1))
        {
            From = parsed.GetValue(options.From) ?? TimeSpan.Zero,
            To = parsed.GetValue(options.To),
            MaxWidth = folder.Manifest.Vision is { } vision
                ? new NeededFrameSize([settings.Region?.Inside], vision.ImageSize).MaxWidth ?? FramePool.MaxSide
                : throw new UsageException($"--model: '{folder.FolderPath}' is a text-only model. Use a model with a vision part."),
        };
        return sampling.To is not { } to || to > sampling.From
            ? sampling
            : throw new UsageException($"--to {DurationText.Time(to)} is not after --from {DurationText.Time(sampling.From)}.");
    }

    /// <summary>Finds what is certainly not a video.</summary>
    /// <exception cref="UsageException">Nothing is left to be scanned.</exception>
    private static List<ScannedVideo> Open(IReadOnlyList<string> paths, TimeSpan every)
    {
        List<ScannedVideo> videos =
            [.. paths.Select(path => new ScannedVideo(path, every) { Error = VideoFile.FindProblem(path) is { } problem ? $"{problem}." : null })];
        return videos.Exists(video => video.Error is null)
            ? videos
            : throw new UsageException(string.Join('\n', videos.Select(video => $"'{video.Path}' {video.Error}")));
    }

    private static void Scan(
        ModelFolder folder, ExecutionSettings execution, ScanSettings settings, List<ScannedVideo> videos, ScanRun run, CancellationToken cancel)
    {
        var capacity = CapacityFor(folder, settings);
        using var opening = new SessionOpening<QuestionAnswerer>(execution, it => QuestionAnswerer.Open(folder, it, capacity));
        using var encoder = new VisionEncoder(folder, execution);
        using var answerer = opening.Take();
        ScanProgress.Show(progress => run.Run(videos, encoder, answerer, progress, cancel));
    }

    /// <summary>The context size for the longest question with its answer.</summary>
    /// <exception cref="UsageException">A question does not fit into the model's context.</exception>
    private static int CapacityFor(ModelFolder folder, ScanSettings settings)
    {
        var counter = QuestionTokenCounter.Open(folder.FolderPath);
        var longest = settings.Questions.Max(asked => counter.Count(
            AnswerHandler.Of(asked.Kind).ToModelQuestion(asked.Text, asked.Choices, asked.MaxTokens) with { Suffix = asked.Suffix }));
        return longest <= counter.MaxPositions
            ? (int)Math.Max(longest, Math.Min(QuestionAnswerer.DefaultCapacity, counter.MaxPositions))
            : throw new UsageException(
                $"A question and its answer need {longest} tokens with the picture, and the model's context has {counter.MaxPositions}. "
                + "Shorten the question, or lower --max-tokens.");
    }

    private static void Write(ParseResult parsed, ScanOptions options, ScanReport report)
    {
        if (parsed.GetValue(options.Json))
        {
            List<ScanDocument> documents = [.. report.Videos.Select(video => ScanDocument.Of(video, report.Questions))];
            using var output = Console.OpenStandardOutput();
            if (documents is [var only])
            {
                JsonSerializer.Serialize(output, only, ScanDocumentJson.Readable.ScanDocument);
            }
            else
            {
                JsonSerializer.Serialize(output, documents, ScanDocumentJson.Readable.IReadOnlyListScanDocument);
            }

            output.Write("\n"u8);
            return;
        }

        if (parsed.GetValue(options.Csv))
        {
            foreach (var line in ScanCsv.Lines(report))
            {
                Console.Out.Write(line + CsvText.LineEnd);
            }

            return;
        }

        foreach (var line in ScanText.Lines(report))
        {
            Console.WriteLine(line);
        }
    }
}
