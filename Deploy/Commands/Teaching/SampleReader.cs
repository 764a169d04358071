using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Teaching.Heads;
using MobileVlm.Edge.Inference.Teaching.Learning;
using MobileVlm.Edge.Inference.Vision;
using Spectre.Console;

namespace MobileVlm.Edge.Deploy.Commands.Teaching;

/// <summary>Asks the model a question about labelled pictures and keeps its scores and features.</summary>
internal sealed class SampleReader(VisionEncoder encoder, QuestionAnswerer answerer, Question question, FrameRegion? region)
{
    /// <summary>Reads all pictures of some folders. Files that are no pictures are named and left out.</summary>
    public List<LabelledSample> Read(IReadOnlyList<LabelledFolder> folders, string what, CancellationToken cancel)
    {
        var samples = new List<LabelledSample>();
        var files = folders.SelectMany(folder => folder.Files.Select(file => (File: file, folder.Class))).ToList();
        void ReadAll(Action onDone)
        {
            foreach (var (file, @class) in files)
            {
                cancel.ThrowIfCancellationRequested();
                if (TryRead(file, @class) is { } sample)
                {
                    samples.Add(sample);
                }

                onDone();
            }
        }

        if (Console.IsErrorRedirected)
        {
            ReadAll(() => { });
            return samples;
        }

        Terminal.Console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                var task = context.AddTask(Markup.Escape(what), maxValue: Math.Max(1, files.Count));
                ReadAll(() => task.Increment(1));
            });
        return samples;
    }

    private LabelledSample? TryRead(string file, int @class)
    {
        if (LabelledPictures.TryRead(file) is not { } picture)
        {
            return null;
        }

        using var tokens = encoder.Encode(LabelledPictures.Cut(picture, region));
        Answer? answer = null;
        answerer.AskAbout(tokens, [question], (_, it) => answer = it);
        if (answer!.Failure is { } failure)
        {
            throw failure.Cause;
        }

        return new LabelledSample(
            file,
            @class,
            question.Kind == AnswerKind.Choice ? ModelScores.Logarithms(answer.ChoiceScores) : [ModelScores.Logit(answer.Score!.Value)],
            answer.Features);
    }
}
