using MobileVlm.Edge.Actors.Background;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Http.Past;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Past;

/// <summary>The parts that an explanation needs.</summary>
/// <param name="Asker">Decodes the picture and asks about it.</param>
/// <param name="Time">The clock.</param>
internal sealed record ExplanationContext(StoredFrameAsker Asker, TimeProvider Time);

/// <summary>Asks a question about a picture once as it is and once without each block of it. The picture is encoded once; each block takes a pass of
/// its own through the decoder, because questions that are asked together share what comes before them.</summary>
/// <param name="context">What it works with.</param>
/// <param name="request">What was requested.</param>
/// <param name="question">The question: answered by yes or no, or one of several choices.</param>
/// <param name="jpeg">The picture.</param>
internal sealed class ExplanationJob(ExplanationContext context, ExplanationRequest request, StandingQuestion question, ReadOnlyMemory<byte> jpeg) : PastJob(context.Time)
{
    private readonly Lock _lock = new();
    private TokenGrid? _grid;
    private PictureArea? _area;
    private double?[,] _changes = new double?[0, 0];
    private Answer? _answer;
    private int _total = 1 + (request.Grid * request.Grid);

    /// <summary>The picture that is asked about.</summary>
    public ReadOnlyMemory<byte> Jpeg => jpeg;

    /// <summary>What is known by now.</summary>
    public ExplanationView View
    {
        get
        {
            var progress = Progress;
            lock (_lock)
            {
                return new ExplanationView(
                    progress,
                    request,
                    question.Text,
                    _answer is null ? null : question.Kind == QuestionKind.YesNo ? AnswerWords.Yes : _answer.Value,
                    _answer?.Score,
                    _area,
                    [.. Enumerable.Range(0, _changes.GetLength(0)).Select(row =>
                        (IReadOnlyList<double?>)[.. Enumerable.Range(0, _changes.GetLength(1)).Select(column => _changes[row, column])])]);
            }
        }
    }

    /// <inheritdoc/>
    protected override int Total => Volatile.Read(ref _total);

    /// <inheritdoc/>
    protected override async Task WorkAsync(CancellationToken cancel)
    {
        using var tokens = await EncodeAsync(cancel);
        var grid = _grid!;
        var whole = await AskAsync(tokens, cancel);
        lock (_lock)
        {
            _answer = whole;
        }

        Step();
        for (var row = 0; row < grid.Size; row++)
        {
            for (var column = 0; column < grid.Size; column++)
            {
                if (!grid.IsVisible(row, column))
                {
                    continue;
                }

                using var masked = grid.Without(tokens, row, column);
                var without = await AskAsync(masked, cancel);
                lock (_lock)
                {
                    _changes[row, column] = ScoreOf(whole, whole) - ScoreOf(without, whole);
                }

                Step();
            }
        }
    }

    private async Task<VisualTokens> EncodeAsync(CancellationToken cancel)
    {
        using var frame = await context.Asker.DecodeAsync(jpeg);
        var seen = SeenIn(frame);
        var tokens = await context.Asker.EncodeAsync(frame, question.Region, cancel);
        try
        {
            var grid = new TokenGrid(tokens.Count, request.Grid, (int)Math.Round(seen.Width * frame.Width), (int)Math.Round(seen.Height * frame.Height));
            lock (_lock)
            {
                (_grid, _area, _changes) = (grid, grid.AreaIn(seen), new double?[grid.Size, grid.Size]);
            }

            var blocks = Enumerable.Range(0, grid.Size * grid.Size).Count(at => grid.IsVisible(at / grid.Size, at % grid.Size));
            Volatile.Write(ref _total, 1 + blocks);
            return tokens;
        }
        catch
        {
            tokens.Dispose();
            throw;
        }
    }

    /// <summary>The part of the frame that the model sees.</summary>
    private PictureArea SeenIn(Frame frame)
    {
        if (question.Region?.Inside is not { } inside)
        {
            return new PictureArea(0, 0, 1, 1);
        }

        // Whole pixels, as the crop has them.
        var (left, right) = (Math.Floor(inside.Left * frame.Width) / frame.Width, Math.Ceiling(inside.Right * frame.Width) / frame.Width);
        var (top, bottom) = (Math.Floor(inside.Top * frame.Height) / frame.Height, Math.Ceiling(inside.Bottom * frame.Height) / frame.Height);
        return new PictureArea(left, top, right - left, bottom - top);
    }

    private Task<Answer> AskAsync(VisualTokens tokens, CancellationToken cancel) =>
        context.Asker.AskAsync(tokens, AnswerHandler.Of(question.Kind).ToModelQuestions(question).Single(), cancel);

    /// <summary>The probability of what was most likely for the whole picture.</summary>
    private static double ScoreOf(Answer answer, Answer whole) => whole.Question.Kind == AnswerKind.Choice
        ? answer.ChoiceScores[Math.Max(0, whole.Question.Choices.ToList().IndexOf(whole.Value))]
        : answer.Score!.Value;
}
