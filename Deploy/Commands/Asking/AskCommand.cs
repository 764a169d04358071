using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using MobileVlm.Edge.Actors.Questions;
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
        var image = new Option<string[]>("--image")
        {
            Description = $"{ImageOption.Create().Description} With --check also folders, and several times.",
            HelpName = "FILE",
            Required = true,
        };
        var check = new Option<bool>("--check")
        {
            Description = "Try yes/no questions: their scores on the images and without one, and warnings about questions that work badly.",
        };
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
        minMass.Validators.Add(r => r.Require(r.GetValueOrDefault<double?>() is null or (>= 0 and <= 1), "--min-mass is 0 to 1."));
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
        var command = new Command("ask", "Ask questions about one image.") { image, yesNo, suffix, minMass, showPrompt, check, taught, answerer, questions };
        options.AddTo(command);
        command.RequireWith(minMass, yesNo);
        command.RefuseWith(options.Temperature, yesNo);
        command.SetAction((parsed, cancel) => Task.Factory.StartNew(
            () => Run(
                parsed,
                options,
                parsed.GetRequiredValue(image),
                [
                    .. parsed.GetRequiredValue(questions).Select(text =>
                        new Question(text, parsed.GetValue(yesNo) || parsed.GetValue(check) ? AnswerKind.YesNo : AnswerKind.Text, parsed.GetValue(options.MaxTokens))
                        {
                            Suffix = parsed.GetValue(suffix),
                            MinMass = parsed.GetValue(minMass),
                        }),
                ],
                parsed.GetValue(showPrompt),
                parsed.GetValue(check),
                (parsed.GetValue(taught) ?? [], parsed.GetValue(answerer)),
                cancel),
            cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        return command;
    }

    private static int Run(
        ParseResult parsed,
        ModelOptions options,
        string[] images,
        Question[] questions,
        bool showsPrompt,
        bool checks,
        (string[] Files, TaughtAnswerer Answerer) taught,
        CancellationToken cancel)
    {
        // Quick checks come before the model's sessions are opened.
        AskedQuestions.Check(questions.Select(question => question.Text));
        var folder = ModelFolder.Open(parsed.GetRequiredValue(options.Model));
        if (checks)
        {
            return new CheckRun(folder, questions, images).Run(
                options.Execution(parsed), Capacity(folder, questions), parsed.GetValue(options.Json), cancel);
        }

        var image = images is [var only] ? only : throw new UsageException(
            $"--image is given {images.Length} times, and the command takes one image: run it once for each. With --check it takes several.");
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
        var (value, reason) = UnknownReasons.ValueOf(answer);
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
            Value = value,
            Reason = reason?.ToText(),
            ScoredBy = answer.Score is null ? null : answer.ScoredBy.ToName(),
        };
    }

    internal static string FinishWord(FinishReason finish) => finish switch
    {
        FinishReason.Stopped => "stop",
        FinishReason.Length => "length",
        _ => "cancelled",
    };
}
