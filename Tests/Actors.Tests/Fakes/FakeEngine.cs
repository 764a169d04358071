using System.Globalization;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Tests.Fakes;

/// <summary>Both stages, with hooks in place of a model. Checks what a real session relies on: one call at a time,
/// always on one named thread, never after disposal.</summary>
internal sealed class FakeEngine
{
    private readonly Lock _lock = new();
    private readonly List<VisualTokens> _tokens = [];
    private readonly List<Thread> _threads = [];
    private readonly List<string> _faults = [];
    private readonly List<Exception> _thrown = [];
    private int _open;
    private int _atWork;

    /// <summary>What was done: <c>open encoder</c>, <c>encode 5</c>, <c>encoded 5</c>, <c>prime 5</c>, <c>ask 5 person</c>,
    /// <c>answered 5 person</c>, <c>dispose encoder</c>.</summary>
    public Recording<string> Done { get; } = new();

    public Action<long>? OnEncode { get; set; }

    public Func<long, Question, CancellationToken, FinishReason>? OnAsk { get; set; }

    /// <summary>The answer to a question about a frame; a number is the score of a yes/no question. By default <c>frame 5</c>.</summary>
    public Func<long, Question, string>? OnAnswer { get; set; }

    /// <summary>The features of a frame, where a question requests some; null for an engine without any.</summary>
    public Func<long, IReadOnlyDictionary<FeatureKinds, float[]>>? OnFeatures { get; set; }

    public Action? OnOpen { get; set; }

    /// <summary>Called when the engine is tried out after a failure; throws where it is broken.</summary>
    public Action? OnProbe { get; set; }

    public Action? OnDispose { get; set; }

    public int MostAtWork { get; private set; }

    public IReadOnlyList<string> ThreadNames
    {
        get
        {
            lock (_lock)
            {
                return [.. _threads.Select(thread => thread.Name ?? "(none)")];
            }
        }
    }

    public IVisionEncoder OpenEncoder()
    {
        Opened("encoder");
        return new Encoder(this);
    }

    public IQuestionAnswerer OpenAnswerer()
    {
        Opened("answerer");
        return new Answerer(this);
    }

    public bool HoldsNoTokens
    {
        get
        {
            lock (_lock)
            {
                return _tokens.TrueForAll(IsDisposed);
            }
        }
    }

    /// <summary>A session that cannot be disposed is none that was left open.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _open--;
        }
    }

    /// <summary>Everything was given back and nothing was called wrongly.</summary>
    public async Task AssertAtRestAsync()
    {
        Thread[] threads;
        lock (_lock)
        {
            threads = [.. _threads];
        }

        // Not under the lock, which a thread may need for its last step.
        await Eventually.TrueAsync(() => !Array.Exists(threads, thread => thread.IsAlive), "the engine's threads end");
        lock (_lock)
        {
            Assert.Empty(_faults);
            Assert.Equal(0, _open);
            Assert.All(_tokens, tokens => Assert.Throws<ObjectDisposedException>(() => tokens.Values));
        }
    }

    /// <summary>The engine was made to throw this.</summary>
    public bool HasThrown(Exception? fault)
    {
        lock (_lock)
        {
            return fault is not null && _thrown.Exists(thrown => ReferenceEquals(thrown, fault.GetBaseException()));
        }
    }

    private static bool IsDisposed(VisualTokens tokens)
    {
        try
        {
            return tokens.Values.IsEmpty;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
    }

    private void Opened(string part)
    {
        OnOpen?.Invoke();
        lock (_lock)
        {
            _open++;
        }

        Seen();
        Done.Add($"open {part}");
    }

    private void Disposed(string part, Session session)
    {
        OnDispose?.Invoke();
        lock (_lock)
        {
            _open--;
            if (session.IsDisposed)
            {
                _faults.Add($"{part} disposed twice");
            }

            if (session.IsBusy)
            {
                _faults.Add($"{part} disposed under a call");
            }

            session.IsDisposed = true;
        }

        Seen();
        Done.Add($"dispose {part}");
    }

    private void Seen()
    {
        lock (_lock)
        {
            var thread = Thread.CurrentThread;
            if (thread.IsThreadPoolThread || thread.Name?.StartsWith("mvlm-", StringComparison.Ordinal) != true)
            {
                _faults.Add($"called on '{thread.Name}'");
            }

            if (!_threads.Contains(thread))
            {
                _threads.Add(thread);
            }
        }
    }

    private T Work<T>(Session session, Func<T> work)
    {
        Seen();
        lock (_lock)
        {
            if (session.IsBusy || session.IsDisposed)
            {
                _faults.Add("called while busy or disposed");
            }

            session.IsBusy = true;
            MostAtWork = Math.Max(MostAtWork, ++_atWork);
        }

        try
        {
            return work();
        }
        catch (Exception fault)
        {
            lock (_lock)
            {
                _thrown.Add(fault);
            }

            throw;
        }
        finally
        {
            lock (_lock)
            {
                session.IsBusy = false;
                _atWork--;
            }
        }
    }

    private abstract class Session
    {
        public bool IsBusy { get; set; }

        public bool IsDisposed { get; set; }
    }

    private sealed class Encoder(FakeEngine engine) : Session, IVisionEncoder
    {
        public VisualTokens Encode(RgbImage image)
        {
            var sequence = FakeFrame.SequenceIn(image.Pixels);
            return engine.Work(this, () =>
            {
                engine.Done.Add($"encode {sequence}");
                engine.OnEncode?.Invoke(sequence);
                var tokens = new VisualTokens(2, 4);
                tokens.Values.Span.Clear();
                tokens.Values.Span[0] = sequence;
                lock (engine._lock)
                {
                    engine._tokens.Add(tokens);
                }

                engine.Done.Add($"encoded {sequence}");
                return tokens;
            });
        }

        public void Dispose() => engine.Disposed("encoder", this);
    }

    private sealed class Answerer(FakeEngine engine) : Session, IQuestionAnswerer, IEngineProbe
    {
        private long _primed;

        public FeatureKinds AvailableFeatures => engine.OnFeatures is null ? FeatureKinds.None : FeatureGroups.All;

        public void Probe() => engine.OnProbe?.Invoke();

        public void PrefillPicture(VisualTokens picture) => engine.Work(this, () =>
        {
            _primed = (long)picture.Values.Span[0];
            engine.Done.Add($"prime {_primed}");
            return true;
        });

        public void AskAll(
            IReadOnlyList<Question> questions, Action<int, Answer> onAnswer, CancellationToken cancel = default) =>
            engine.Work(this, () =>
            {
                for (var at = 0; at < questions.Count && !cancel.IsCancellationRequested; at++)
                {
                    onAnswer(at, Ask(questions[at], cancel));
                }

                return true;
            });

        private Answer Ask(Question question, CancellationToken cancel)
        {
            engine.Done.Add($"ask {_primed} {question.Text}");
            var finish = engine.OnAsk?.Invoke(_primed, question, cancel) ?? FinishReason.Stopped;
            engine.Done.Add($"answered {_primed} {question.Text}");
            var text = engine.OnAnswer?.Invoke(_primed, question) ?? $"frame {_primed}";
            double? score = question.Kind == AnswerKind.YesNo
                && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                    ? number
                    : null;
            var answer = new Answer(question, text, text, score, [1, 2], finish, default)
            {
                ScoredBy = question.Taught is null ? ScoreSource.Model : ScoreSource.Encoder,
            };
            return question.Features == FeatureKinds.None || engine.OnFeatures is not { } features ? answer : answer with { Features = features(_primed) };
        }

        public void Dispose() => engine.Disposed("answerer", this);
    }
}
