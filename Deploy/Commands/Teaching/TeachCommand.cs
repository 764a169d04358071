using System.CommandLine;
using System.Text.Json;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Files;
using MobileVlm.Edge.Inference.Teaching.Learning;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Deploy.Commands.Teaching;

/// <summary><c>mobilevlm teach</c>: learns a question from labelled pictures.</summary>
internal static class TeachCommand
{
    private const string Description = """
        Teach a question by example, on this device.

        Sort at least 4 pictures for each answer into folders; 16 each are better. Take them from
        the camera that the question is for, at different times of the day:
          mobilevlm teach --model DIR --ask "Are there at least two cars?" --yes two/ --no other/ --out cars.taught
        Several answers:
          mobilevlm teach --model DIR --ask "What colour is the car?" --label red=red/ --label white=white/
        Use the result:
          mobilevlm ask --model DIR --image FILE --taught cars.taught "Are there at least two cars?"

        What was learned is used only where it answers better than the model's own score.
        """;

    public static Command Create()
    {
        var options = new TeachOptions();
        var command = new Command("teach", Description);
        options.AddTo(command);
        command.SetAction((parsed, cancel) => Task.Factory.StartNew(
            () => Run(parsed, options, cancel), cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        return command;
    }

    private static int Run(ParseResult parsed, TeachOptions options, CancellationToken cancel)
    {
        // Quick checks come before the model's sessions are opened.
        var labels = options.Labels(parsed);
        var tests = options.Tests(parsed, labels);
        var region = options.RegionOf(parsed);
        if (NotEnough([.. labels.Select(folder => (folder.Answer, folder.Files.Count))]))
        {
            return ExitCode.Failed;
        }

        if (labels.Sum(folder => folder.Files.Count) > Teacher.MostLabels)
        {
            throw new UsageException($"There are more than {Teacher.MostLabels} labels. Leave some out: a few dozen per answer suffice.");
        }

        var folder = ModelFolder.Open(parsed.GetRequiredValue(options.Model));
        if (!folder.HasHiddenStates)
        {
            throw new ModelFolderException(
                folder.FolderPath, "its decoder returns no hidden states, which older imports did not write. Import the model again for teach: 'mobilevlm model import SOURCE DIR'.");
        }

        var execution = options.Target.Read(parsed);
        using var opening = new SessionOpening<QuestionAnswerer>(execution, settings => QuestionAnswerer.Open(folder, settings));
        using var encoder = new VisionEncoder(folder, execution);
        using var answerer = opening.Take();
        var asked = options.QuestionOf(parsed, labels) with { Features = answerer.AvailableFeatures };
        var reader = new SampleReader(encoder, answerer, asked, region);
        var samples = reader.Read(labels, "pictures", cancel);
        if (NotEnough([.. labels.Select(it => (it.Answer, samples.Count(sample => sample.Class == it.Class)))]))
        {
            return ExitCode.Failed;
        }

        var result = Teacher.Learn(samples, answerer.AvailableFeatures, cancel);
        var tested = tests.Count == 0 ? null : Tested(reader.Read(tests, "test pictures", cancel), result);
        var counts = labels.ToDictionary(it => it.Answer, it => samples.Count(sample => sample.Class == it.Class));
        var document = Document(result, samples, counts, tested);
        if (parsed.GetValue(options.Out) is { } path)
        {
            var text = new TaughtText(answerer.PromptTextOf(asked), asked.Choices, region?.ToText());
            TaughtFile.Write(path, TaughtQuestion.Of($"mobilevlm {ProgramVersion.Text}", folder.Manifest, text, result, counts));
        }

        Console.WriteLine(parsed.GetValue(options.Json)
            ? JsonSerializer.Serialize(document, TeachDocumentJson.Readable.TeachDocument)
            : TeachReport.Text(document, parsed.GetValue(options.Out)));
        return ExitCode.Done;
    }

    private static bool NotEnough(IReadOnlyList<(string Answer, int Count)> counts)
    {
        if (counts.All(it => it.Count >= Teacher.LeastLabels))
        {
            return false;
        }

        Terminal.Error(
            $"not enough labels: {string.Join(", ", counts.Select(it => $"{it.Count} for '{it.Answer}'"))}; each answer needs at least {Teacher.LeastLabels} pictures. "
            + "Nothing was written.");
        return true;
    }

    private static TestDocument Tested(List<LabelledSample> samples, TeachingResult result)
    {
        if (samples.Count == 0)
        {
            throw new UsageException("The test folders have no picture that can be read.");
        }

        return new TestDocument(
            Measured(samples, sample => sample.Scores),
            Measured(samples, sample => result.Head?.Apply(sample.Features, sample.Scores) ?? sample.Scores),
            result.Encoder is { } encoder ? Measured(samples, sample => encoder.Head.Apply(sample.Features, [])) : null);
    }

    private static MeasuredDocument Measured(List<LabelledSample> samples, Func<LabelledSample, double[]> outputs)
    {
        double[][] all = [.. samples.Select(outputs)];
        int[] classes = [.. samples.Select(sample => sample.Class)];
        return new MeasuredDocument(
            all.Zip(classes, (o, c) => LabelledSample.Decide(o) == c ? 1.0 : 0.0).Average(), Auc.OfOutputs(all, classes));
    }

    private static TeachDocument Document(
        TeachingResult result, List<LabelledSample> samples, Dictionary<string, int> counts, TestDocument? tested) =>
        new(
            counts,
            result.Chosen.ToString().ToLowerInvariant(),
            result.Chosen == ScorerKind.Head ? string.Join('+', result.FeatureShares.Select(it => it.Feature.ToName())) : "logit",
            [.. result.CandidateAccuracies.Select(it => new CandidateDocument(it.Name, it.Accuracy))],
            new MeasuredDocument(result.PlainAccuracy, result.PlainAuc),
            result.Estimate,
            [.. result.Suspects.Select(i => samples[i].Name)])
        {
            EncoderOnly = result.Encoder?.Estimate,
            Test = tested,
        };
}
