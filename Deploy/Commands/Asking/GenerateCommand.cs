using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Commands.Models;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Deploy.Commands.Asking;

/// <summary><c>mobilevlm generate</c>: completes a text with the decoder alone.</summary>
internal static class GenerateCommand
{
    public static Command Create()
    {
        var options = new ModelOptions();
        var prompt = new Argument<string>("PROMPT") { Description = "Text to complete, used as it is (no chat template)." };
        var stop = new Option<string[]>("--stop") { Description = "End before this text; may be given several times.", HelpName = "TEXT" };
        var command = new Command("generate", "Complete a text prompt, without an image.") { stop, prompt };
        options.AddTo(command);
        command.SetAction((parsed, cancel) => Task.Factory.StartNew(
            () => Run(parsed, options, parsed.GetRequiredValue(prompt), parsed.GetValue(stop) ?? [], cancel),
            cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        return command;
    }

    private static int Run(ParseResult parsed, ModelOptions options, string prompt, string[] stops, CancellationToken cancel)
    {
        var json = parsed.GetValue(options.Json);
        var folder = ModelFolder.Open(parsed.GetRequiredValue(options.Model));
        var tokenizer = LlamaTextTokenizer.Open(folder);
        using var decoder = new LanguageDecoder(folder, options.Execution(parsed));
        int[] ids = [tokenizer.BeginId, .. tokenizer.Encode(prompt)];
        var maxTokens = parsed.GetValue(options.MaxTokens);
        using var state = decoder.CreateState(Math.Min(ids.Length + maxTokens, decoder.MaxPositions));

        var started = Stopwatch.GetTimestamp();
        state.Append(ids);
        var prefill = Stopwatch.GetElapsedTime(started);
        var written = new TextGenerator(tokenizer).Generate(
            state, options.Sampler(parsed), new GenerationOptions(maxTokens, stops.Where(s => s.Length > 0).ToList()),
            json ? null : Console.Write, cancel);
        Console.WriteLine(json
            ? JsonSerializer.Serialize(
                new AnswerDocument(
                    null, written.Text, null, written.TokenIds, new PromptIds(ids, []), AskCommand.FinishWord(written.Finish),
                    new AnswerTimingsDocument(0, prefill.TotalMilliseconds, written.Duration.TotalMilliseconds)),
                AnswerDocumentJson.Readable.AnswerDocument)
            : "");
        return ExitCode.Done;
    }
}
