using Microsoft.ML.OnnxRuntime;
using MobileVlm.Edge.Inference.Evaluation.Gates;

namespace MobileVlm.Edge.Inference.Import.Calibration;

/// <summary>Keys and values of one layer for the tokens before others.</summary>
/// <param name="Keys">Of each token.</param>
/// <param name="Values">Of each token.</param>
/// <param name="Tokens">Number of tokens.</param>
internal sealed record GatePast(KeyValues Keys, KeyValues Values, int Tokens) : IDisposable
{
    public void Dispose()
    {
        Keys.Dispose();
        Values.Dispose();
    }
}

/// <summary>One run of a layer: some tokens behind others.</summary>
/// <param name="Stream">Residual stream of the tokens, [tokens, hidden]; replaced by the layer's result.</param>
/// <param name="Past">What is before them; null for nothing.</param>
/// <param name="Keep">Gets keys and values of all tokens so far; null where nothing follows.</param>
internal sealed record GateStep(float[] Stream, GatePast? Past, Action<KeyValues, KeyValues>? Keep)
{
    public void Advance(ReadOnlySpan<float> next, OrtValue keys, OrtValue values)
    {
        next.CopyTo(Stream);
        Keep?.Invoke(KeyValues.Copy(keys), KeyValues.Copy(values));
    }
}

/// <summary>The residual streams of <see cref="GatePrompts"/>. What sequences have in common is run once, and each question behind it:
/// first the prompts, then the answers, which may go through other weights. Keys and values are those of one layer only.</summary>
internal sealed class GateStreams
{
    private readonly List<Beginning> _beginnings = [];

    /// <param name="run">Prompts and their pictures.</param>
    /// <param name="embed">Gives the embeddings of ids, [ids, hidden].</param>
    public GateStreams(GateRun run, Func<int[], float[]> embed)
    {
        foreach (var sequence in run.Prompts.Sequences)
        {
            var picture = sequence.Picture is { } index ? run.Pictures[index] : [];
            var ids = embed(sequence.Ids);
            _beginnings.Add(new Beginning([.. ids, .. picture], sequence.Ids.Length * (ids.Length + picture.Length) / ids.Length)
            {
                Questions = [.. sequence.Continuations.Select(it => new Question(it, embed(it.Prompt), embed(it.Answer)))],
            });
        }
    }

    private GateStreams()
    {
    }

    public static GateStreams None { get; } = new();

    public IEnumerable<Question> Questions => _beginnings.SelectMany(beginning => beginning.Questions);

    /// <summary>The beginnings, each with its questions behind it.</summary>
    public IEnumerable<GateStep> PromptSteps()
    {
        foreach (var beginning in _beginnings)
        {
            GatePast? past = null;
            yield return new GateStep(beginning.Stream, null, (keys, values) => past = new GatePast(keys, values, beginning.Tokens));
            foreach (var question in beginning.Questions)
            {
                var total = beginning.Tokens + question.Source.Prompt.Length;
                yield return new GateStep(
                    question.Prompt, past, question.Source.Answer.Length == 0 ? null : (keys, values) => question.Past = new GatePast(keys, values, total));
            }

            past?.Dispose();
        }
    }

    /// <summary>The answers behind their prompts, which have been run.</summary>
    public IEnumerable<GateStep> AnswerSteps()
    {
        foreach (var question in Questions.Where(it => it.Source.Answer.Length > 0))
        {
            yield return new GateStep(question.Answer, question.Past, Keep: null);
            question.Past?.Dispose();
            question.Past = null;
        }
    }

    /// <param name="Source">The question.</param>
    /// <param name="Prompt">Its residual stream.</param>
    /// <param name="Answer">That of the answer.</param>
    internal sealed record Question(GateContinuation Source, float[] Prompt, float[] Answer)
    {
        public GatePast? Past { get; set; }
    }

    private sealed record Beginning(float[] Stream, int Tokens)
    {
        public required IReadOnlyList<Question> Questions { get; init; }
    }
}
