using System.Globalization;
using System.Text.Json;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Evaluation.Benchmarks;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Deploy.Commands.Asking;

/// <summary><c>ask --check</c>: tries yes/no questions on pictures and without one, and warns of those that work badly.</summary>
/// <param name="folder">The model.</param>
/// <param name="questions">Asked as yes/no.</param>
/// <param name="images">Files and folders of pictures.</param>
internal sealed class CheckRun(ModelFolder folder, IReadOnlyList<Question> questions, IReadOnlyList<string> images)
{
    /// <summary>Runs the check and prints what it found.</summary>
    /// <param name="execution">Where the model runs.</param>
    /// <param name="capacity">Context in tokens.</param>
    /// <param name="json">Prints one JSON document.</param>
    /// <param name="cancel">Ends the check without a result.</param>
    /// <exception cref="UsageException">No picture can be read.</exception>
    public int Run(ExecutionSettings execution, int capacity, bool json, CancellationToken cancel)
    {
        var files = Files();
        using var decoder = new LanguageDecoder(folder, execution);
        using var encoder = new VisionEncoder(folder, execution);
        using var answerer = new QuestionAnswerer(folder, decoder, capacity);
        var skipped = 0;
        var scored = questions.Select(_ => new List<(string Image, Answer Answer)>()).ToList();
        foreach (var file in files)
        {
            cancel.ThrowIfCancellationRequested();
            DecodedImage picture;
            try
            {
                picture = ImageOption.Read(file);
            }
            catch (ImageFileException fault)
            {
                skipped++;
                Terminal.Error($"{fault.Message.TrimEnd('.')}. The picture is left out.");
                continue;
            }

            using var tokens = encoder.Encode(new RgbImage(picture.Pixels, picture.Width, picture.Height));
            answerer.AskAbout(tokens, questions, (index, answer) => scored[index].Add((file, answer.Failure is { } failure ? throw failure.Cause : answer)), cancel);
        }

        if (scored[0].Count == 0)
        {
            throw new UsageException("--check: no picture can be read.");
        }

        using var blind = new BenchmarkAnswerer(folder, decoder, capacity, maxTokens: 1);
        var document = new CheckDocument(
            folder.Manifest.Name,
            [.. questions.Zip(scored, (question, answers) => Check(question, answers, blind.Answer(answerer.PromptTextOf(question), picture: null, cancel).YesNo!.Value))]);
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(document, CheckDocumentJson.Readable.CheckDocument));
        }
        else
        {
            foreach (var line in Lines(document))
            {
                Console.WriteLine(line);
            }
        }

        return skipped == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    /// <summary>The pictures; of a folder all files with a picture's extension, in the order of their names.</summary>
    private List<string> Files()
    {
        List<string> files =
        [
            .. images.SelectMany(image => !Directory.Exists(image)
                ? (string[])[image]
                : [.. Directory.EnumerateFiles(image)
                    .Where(file => ImageCodec.Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
                    .Order(StringComparer.Ordinal)]),
        ];
        return files.Count > 0 ? files : throw new UsageException($"--image: there are no pictures in {string.Join(", ", images)}.");
    }

    private static QuestionCheckDocument Check(Question question, List<(string Image, Answer Answer)> scored, YesNoReading withoutPicture)
    {
        List<double> scores = [.. scored.Select(it => it.Answer.Score!.Value).Order()];
        var middle = scores.Count / 2;
        return new QuestionCheckDocument(
            question.Text,
            [
                .. scored.Select(it => new CheckedPictureDocument(
                    it.Image, it.Answer.IsBelowMinMass ? AnswerWords.Unknown : it.Answer.Value, Rounded(it.Answer.Score!.Value), Rounded(it.Answer.Mass!.Value))),
            ],
            new ScoreSpreadDocument(
                Rounded(scores[0]), Rounded(scores.Count % 2 == 1 ? scores[middle] : (scores[middle - 1] + scores[middle]) / 2), Rounded(scores[^1])),
            new CheckedScoreDocument(Rounded(withoutPicture.Yes), Rounded(withoutPicture.Mass)),
            [
                .. QuestionCheck.OfText(question.Text)
                    .Concat(QuestionCheck.OfScores([.. scored.Select(it => it.Answer)], withoutPicture.Yes))
                    .Select(warning => new CheckWarningDocument(warning.Word, warning.Message)),
            ]);
    }

    private static IEnumerable<string> Lines(CheckDocument document)
    {
        foreach (var check in document.Checks)
        {
            yield return check.Question;
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"  score of {check.Pictures.Count} {(check.Pictures.Count == 1 ? "picture" : "pictures")}: {check.Spread.Min:0.00} to {check.Spread.Max:0.00}, median {check.Spread.Median:0.00}");
            yield return string.Create(CultureInfo.InvariantCulture, $"  score without a picture: {check.WithoutPicture.Score:0.00}");
            foreach (var picture in check.Pictures.OrderBy(picture => picture.Score))
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"    {picture.Score:0.000}  {picture.Value,-7}  {picture.Image}");
            }

            foreach (var warning in check.Warnings)
            {
                foreach (var (index, line) in TextLines.Wrap($"warning: {warning.Message}", TextLines.Columns - 4).Index())
                {
                    yield return $"{(index == 0 ? "  " : "    ")}{line}";
                }
            }

            if (check.Warnings.Count == 0)
            {
                yield return "  no warnings";
            }
        }
    }

    private static double Rounded(double value) => Math.Round(value, 6);
}
