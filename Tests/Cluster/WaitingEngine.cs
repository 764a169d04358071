using System.Buffers.Binary;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Cluster.Tests;

/// <summary>An engine that waits instead of computing, so that a machine with few cores can run several. Its answer is the number that
/// is painted into the picture, which proves what it saw.</summary>
internal sealed class WaitingEngine(TimeSpan encode, TimeSpan answer)
{
    private int _atWork;
    private int _mostAtWork;

    /// <summary>Most frames between the two stages at once.</summary>
    public int MostAtWork => Volatile.Read(ref _mostAtWork);

    public IVisionEncoder OpenEncoder() => new Encoder(this, encode);

    public IQuestionAnswerer OpenAnswerer() => new Answerer(this, answer);

    private void Begin()
    {
        var now = Interlocked.Increment(ref _atWork);
        int most;
        while (now > (most = Volatile.Read(ref _mostAtWork)) && Interlocked.CompareExchange(ref _mostAtWork, now, most) != most)
        {
            // Another thread was faster.
        }
    }

    private sealed class Encoder(WaitingEngine engine, TimeSpan wait) : IVisionEncoder
    {
        public VisualTokens Encode(RgbImage image)
        {
            engine.Begin();
            var number = BinaryPrimitives.ReadInt64LittleEndian(image.Pixels);
            Thread.Sleep(wait);
            var tokens = new VisualTokens(1, 4);
            tokens.Values.Span[0] = number;
            return tokens;
        }

        public void Dispose()
        {
            // Nothing is open.
        }
    }

    private sealed class Answerer(WaitingEngine engine, TimeSpan wait) : IQuestionAnswerer
    {
        private long _number;

        public void PrefillPicture(VisualTokens picture) => _number = (long)picture.Values.Span[0];

        public void AskAll(IReadOnlyList<Question> questions, Action<int, Answer> onAnswer, CancellationToken cancel = default)
        {
            Thread.Sleep(wait);
            Interlocked.Decrement(ref engine._atWork);
            for (var at = 0; at < questions.Count; at++)
            {
                var text = FormattableString.Invariant($"{_number}");
                onAnswer(at, new Answer(questions[at], text, text, null, [1], FinishReason.Stopped, default));
            }
        }

        public void Dispose()
        {
            // Nothing is open.
        }
    }
}
