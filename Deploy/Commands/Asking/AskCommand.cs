using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Connectors.Mqtt.AdHoc;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Commands.Models;
using MobileVlm.Edge.Deploy.Commands.Teaching;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Teaching.Heads;
using MobileVlm.Edge.Inference.Text;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Deploy.Commands.Asking;

/// <summary><c>mobilevlm ask</c>: answers questions about one image.</summary>
internal static class AskCommand
{
    public static Command Create()
    {
        var options = new ModelOptions();
        var image = ImageOption.Create();
        image.Required = true;
        var yesNo = new Option<bool>("--yes-no")
        {
            Description = "Score the questions as yes/no, with a probability, instead of generating an answer.",
        };
        var suffix = new Option<string?>("--suffix")
        {
            Description = "Text on its own line after each question; \"\" for none. [default: with --yes-no that of the model]",
            HelpName = "TEXT",
        };
        var minMass = new Option<double?>("--min-mass")
        {
            Description = "With --yes-no: the answer is 'unknown' when 'yes' and 'no' together have less probability than this. [default: that of the model]",
            HelpName = "P",
        };
        minMass.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<double?>() is not (null or (>= 0 and <= 1)))
            {
                r.AddError("--min-mass is 0 to 1.");
            }
        });
        var showPrompt = new Option<bool>("--show-prompt")
        {
            Description = "Print what the model reads before each answer; <image> stands for the picture.",
        };
        var taught = new Option<string[]>("--taught")
        {
            Description = "Score a question by what 'mobilevlm teach' learned for it.",
            HelpName = "FILE",
        };
        var answerer = new Option<TaughtAnswerer>("--answerer")
        {
            Description = "Who answers a taught question: 'model' asks the decoder, 'taught' only the picture's encoder, 'cascade' the decoder where the encoder is unsure.",
            HelpName = "model|taught|cascade",
        };
        var questions = new Argument<string[]>("QUESTION")
        {
            Description = "One or more questions; the image is encoded once for all of them.",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("ask", "Ask questions about one image.") { image, yesNo, suffix, minMass, showPrompt, taught, answerer, questions };
        options.AddTo(command);
        command.SetAction((parsed, cancel) => Task.Factory.StartNew(
            () => Run(
                parsed,
                options,
                parsed.GetRequiredValue(image),
                [
                    .. parsed.GetRequiredValue(questions).Select(text =>
                        new Question(text, parsed.GetValue(yesNo) ? AnswerKind.YesNo : AnswerKind.Text, parsed.GetValue(options.MaxTokens))
                        {
                            Suffix = parsed.GetValue(suffix),
                            MinMass = parsed.GetValue(minMass),
                        }),
                ],
                parsed.GetValue(showPrompt),
                (parsed.GetValue(taught) ?? [], parsed.GetValue(answerer)),
                cancel),
            cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        return command;
    }

    private static int Run(
        ParseResult parsed, ModelOptions options, string image, Question[] questions, bool showsPrompt, (string[] Files, TaughtAnswerer Answerer) taught, CancellationToken cancel)
    {
        // Quick checks come before the model's sessions are opened.
        CheckQuestions(questions);
        var folder = ModelFolder.Open(parsed.GetRequiredValue(options.Model));
        var scorers = new TaughtFiles(taught.Files, taught.Answerer, folder);
        questions = [.. questions.Select(scorers.WithScorer)];
        scorers.RequireAllUsed();
        var decoded = ImageOption.Read(image);
        var json = parsed.GetValue(options.Json);
        var execution = options.Execution(parsed);
        var capacity = Capacity(folder, questions);
        using var opening = new SessionOpening<QuestionAnswerer>(
            execution, settings => QuestionAnswerer.Open(folder, settings, capacity));
        using var encoder = new VisionEncoder(folder, execution);
        using var answerer = opening.Take();
        var started = Stopwatch.GetTimestamp();
        using var tokens = encoder.Encode(LabelledPictures.Cut(decoded, scorers.Region));
        var encode = Stopwatch.GetElapsedTime(started);
        started = Stopwatch.GetTimestamp();
        if (taught.Answerer == TaughtAnswerer.Model)
        {
            answerer.PrefillPicture(tokens);
        }
        else
        {
            // The decoder reads the picture when a question needs it.
            answerer.TakePicture(tokens);
        }

        var prefill = Stopwatch.GetElapsedTime(started);

        var answers = new List<AnswerDocument>();
        foreach (var question in questions)
        {
            if (!json && questions.Length > 1)
            {
                Console.WriteLine(question.Text);
            }

            if (showsPrompt && !json)
            {
                Console.WriteLine(VicunaPrompt.Whole(answerer.PromptTextOf(question)));
            }

            var answer = answerer.Ask(question, options.Sampler(parsed), json ? null : Console.Write, cancel);
            answers.Add(Document(answerer, answer, encode, prefill, showsPrompt));
            if (!json)
            {
                Console.WriteLine(Line(answer));
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

    /// <summary>A scored answer as people read it; empty for a text, which was printed while it was generated.</summary>
    private static string Line(Answer answer) => answer.Score is not { } score ? ""
        : answer.IsBelowMinMass
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{AnswerWords.Unknown} ('yes' and 'no' together have a probability of {answer.Mass:0.000}, less than {answer.Question.MinMass:0.###}: the model would say something else)")
            : string.Create(CultureInfo.InvariantCulture, $"{answer.Value} ({score:0.000})");

    /// <summary>Refuses questions that are probably a mistake.</summary>
    /// <exception cref="UsageException">A question has no visible character; the model would answer it nevertheless. Or a question
    /// is an image file, because a shell has expanded <c>--image *.jpg</c>.</exception>
    private static void CheckQuestions(Question[] questions)
    {
        foreach (var question in questions.Select(question => question.Text))
        {
            if (!QuestionText.HasText(question))
            {
                throw new UsageException("A question is empty. Write it as for a person, in quotes: \"Is there a person?\"");
            }

            if (ImageCodec.Extensions.Contains(Path.GetExtension(question), StringComparer.OrdinalIgnoreCase) && File.Exists(question))
            {
                throw new UsageException(
                    $"'{question}' is an image file where a question is expected. The command takes one image: "
                    + "run it once for each.");
            }
        }
    }

    /// <summary>The context size for the longest of the questions with its answer, limited by the model.</summary>
    private static int Capacity(ModelFolder folder, Question[] questions)
    {
        var counter = QuestionTokenCounter.Open(folder.FolderPath);
        var needed = questions.Max(counter.Count);
        var maxTokens = questions[0].MaxTokens;
        var available = counter.MaxPositions - (needed - (questions[0].Kind == AnswerKind.Text ? maxTokens : 0));
        if (needed > counter.MaxPositions && available > 0)
        {
            Terminal.Info(string.Create(
                CultureInfo.InvariantCulture,
                $"--max-tokens {maxTokens}: the model's context of {counter.MaxPositions} tokens has space for an answer of {available}; it ends there."));
        }

        return (int)Math.Clamp(needed, QuestionAnswerer.DefaultCapacity, Math.Max(QuestionAnswerer.DefaultCapacity, counter.MaxPositions));
    }

    private static AnswerDocument Document(
        QuestionAnswerer answerer, Answer answer, TimeSpan encode, TimeSpan prefill, bool showsPrompt)
    {
        var unknown = ReasonOf(answer);
        var timings = new AnswerTimingsDocument(
            encode.TotalMilliseconds,
            (prefill + answer.Timings.Prefill).TotalMilliseconds,
            answer.Timings.Decode.TotalMilliseconds);
        return new AnswerDocument(
            answer.Question.Text,
            answer.Text,
            answer.Score,
            answer.TokenIds,
            new PromptIds(answerer.PromptIdsBefore, answerer.PromptIdsAfter(answer.Question.PromptText)),
            FinishWord(answer.Finish),
            timings)
        {
            Mass = answer.Mass,
            Prompt = showsPrompt ? VicunaPrompt.Whole(answer.Question.PromptText) : null,
            Value = unknown is null ? answer.Value : AnswerWords.Unknown,
            Reason = unknown?.ToText(),
            ScoredBy = answer.Score is null ? null : answer.ScoredBy.ToString().ToLowerInvariant(),
        };
    }

    private static UnknownReason? ReasonOf(Answer answer) =>
        UnknownReasons.ReasonOf(answer) ?? (answer.Value.Length == 0 ? UnknownReason.NoText : null);

    internal static string FinishWord(FinishReason finish) => finish switch
    {
        FinishReason.Stopped => "stop",
        FinishReason.Length => "length",
        _ => "cancelled",
    };
}
