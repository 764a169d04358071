using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Connectors.Mqtt.AdHoc;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Commands.Models;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Deploy.Commands.Asking;

/// <summary><c>mobilevlm ask</c>: one picture, some questions, the answers.</summary>
internal static class AskCommand
{
    public static Command Create()
    {
        var options = new ModelOptions();
        var image = ImageOption.Create();
        image.Required = true;
        var yesNo = new Option<bool>("--yes-no")
        {
            Description = "Score the questions as yes/no, with a probability, instead of writing an answer.",
        };
        var questions = new Argument<string[]>("QUESTION")
        {
            Description = "One or more questions; the picture is encoded once for all.",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("ask", "Ask questions about one picture.") { image, yesNo, questions };
        options.AddTo(command);
        command.SetAction((parsed, cancel) => Task.Factory.StartNew(
            () => Run(
                parsed, options, parsed.GetRequiredValue(image), parsed.GetRequiredValue(questions),
                parsed.GetValue(yesNo) ? AnswerKind.YesNo : AnswerKind.Text, cancel),
            cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        return command;
    }

    private static int Run(
        ParseResult parsed, ModelOptions options, string image, string[] questions, AnswerKind kind, CancellationToken cancel)
    {
        // Quick checks come before the model's sessions are opened.
        CheckQuestions(questions);
        var folder = ModelFolder.Open(parsed.GetRequiredValue(options.Model));
        var picture = ImageOption.Read(image);
        var json = parsed.GetValue(options.Json);
        var execution = options.Execution(parsed);
        using var encoder = new VisionEncoder(folder, execution);
        var maxTokens = parsed.GetValue(options.MaxTokens);
        var capacity = Capacity(folder, questions, kind, maxTokens);
        using var answerer = QuestionAnswerer.Open(folder, execution, capacity);
        var started = Stopwatch.GetTimestamp();
        using var tokens = encoder.Encode(new RgbImage(picture.Pixels, picture.Width, picture.Height));
        var encode = Stopwatch.GetElapsedTime(started);
        started = Stopwatch.GetTimestamp();
        answerer.Prime(tokens);
        var prime = Stopwatch.GetElapsedTime(started);

        var answers = new List<AnswerDocument>();
        foreach (var question in questions)
        {
            if (!json && questions.Length > 1)
            {
                Console.WriteLine(question);
            }

            var asked = new Question(question, kind, maxTokens);
            var answer = answerer.Ask(asked, options.Sampler(parsed), json ? null : Console.Write, cancel);
            answers.Add(Document(answerer, answer, encode, prime));
            if (!json)
            {
                Console.WriteLine(answer.Score is { } score
                    ? string.Create(CultureInfo.InvariantCulture, $"{answer.Value} ({score:0.000})")
                    : "");
            }

            cancel.ThrowIfCancellationRequested();
        }

        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(
                new AskDocument(folder.Manifest.Name, image, tokens.Count, answers), AnswerDocumentJson.Readable.AskDocument));
        }

        return ExitCode.Done;
    }

    /// <exception cref="UsageException">One says nothing: the model would answer it all the same. Or one is a file, which
    /// is what a shell makes of <c>--image *.jpg</c>.</exception>
    private static void CheckQuestions(string[] questions)
    {
        foreach (var question in questions)
        {
            if (!QuestionText.HasText(question))
            {
                throw new UsageException("A question is empty. Write it as you would ask a person, in quotes: \"Is there a person?\"");
            }

            if (ImageCodec.Extensions.Contains(Path.GetExtension(question), StringComparer.OrdinalIgnoreCase) && File.Exists(question))
            {
                throw new UsageException(
                    $"'{question}' is a picture file where a question is expected. One picture is asked about at a time: "
                    + "run the command once for each.");
            }
        }
    }

    /// <summary>Room for the longest of the questions with its answer, as far as the model goes.</summary>
    private static int Capacity(ModelFolder folder, string[] questions, AnswerKind kind, int maxTokens)
    {
        var counter = QuestionTokenCounter.Open(folder.FolderPath);
        var needed = questions.Max(question => counter.Count(new Question(question, kind, maxTokens)));
        var room = counter.MaxPositions - (needed - (kind == AnswerKind.Text ? maxTokens : 0));
        if (needed > counter.MaxPositions && room > 0)
        {
            Terminal.Info(string.Create(
                CultureInfo.InvariantCulture,
                $"--max-tokens {maxTokens}: the model's context of {counter.MaxPositions} tokens has room for an answer of {room}; it ends there."));
        }

        return (int)Math.Clamp(needed, QuestionAnswerer.DefaultCapacity, Math.Max(QuestionAnswerer.DefaultCapacity, counter.MaxPositions));
    }

    private static AnswerDocument Document(QuestionAnswerer answerer, Answer answer, TimeSpan encode, TimeSpan prime) => new(
        answer.Question.Text,
        answer.Text,
        answer.Score,
        answer.TokenIds,
        new PromptIds(answerer.PromptIdsBefore, answerer.PromptIdsAfter(answer.Question.Text)),
        FinishWord(answer.Finish),
        new AnswerTimingsDocument(
            encode.TotalMilliseconds,
            (prime + answer.Timings.Prefill).TotalMilliseconds,
            answer.Timings.Decode.TotalMilliseconds));

    internal static string FinishWord(FinishReason finish) => finish switch
    {
        FinishReason.Stopped => "stop",
        FinishReason.Length => "length",
        _ => "cancelled",
    };
}
