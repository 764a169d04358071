using System.Numerics.Tensors;

namespace MobileVlm.Edge.Inference.Sampling;

/// <summary>Chooses the next token. Use one sampler per answer: seeded samplers are stateful.</summary>
public abstract class Sampler
{
    /// <summary>Always the most likely token, the first of equal ones.</summary>
    public static Sampler Greedy { get; } = new GreedySampler();

    /// <summary>Draws among the most likely tokens whose probabilities add up to <paramref name="topP"/>.</summary>
    /// <param name="temperature">Above 0; below 1 sharpens, above 1 flattens.</param>
    /// <param name="topP">Above 0, at most 1.</param>
    /// <param name="seed">The same seed draws the same tokens.</param>
    public static Sampler TopP(float temperature, float topP, int seed) => new TopPSampler(temperature, topP, seed);

    /// <param name="logits">[vocabulary].</param>
    public abstract int Choose(ReadOnlySpan<float> logits);

    private sealed class GreedySampler : Sampler
    {
        public override int Choose(ReadOnlySpan<float> logits) => TensorPrimitives.IndexOfMax(logits);
    }

    private sealed class TopPSampler : Sampler
    {
        private readonly float _temperature;
        private readonly float _topP;
        private readonly Random _random;
        private float[] _probabilities = [];
        private int[] _ids = [];

        public TopPSampler(float temperature, float topP, int seed)
        {
            if (!(temperature > 0) || !float.IsFinite(temperature))
            {
                throw new ArgumentOutOfRangeException(nameof(temperature), temperature, "Temperature is above 0.");
            }

            if (topP is not (> 0 and <= 1))
            {
                throw new ArgumentOutOfRangeException(nameof(topP), topP, "Top-p is above 0 and at most 1.");
            }

            (_temperature, _topP, _random) = (temperature, topP, new Random(seed));
        }

        public override int Choose(ReadOnlySpan<float> logits)
        {
            if (_probabilities.Length != logits.Length)
            {
                (_probabilities, _ids) = (new float[logits.Length], new int[logits.Length]);
            }

            // Relative to the largest: SoftMax itself does not guard against overflow.
            TensorPrimitives.Subtract(logits, TensorPrimitives.Max(logits), _probabilities);
            TensorPrimitives.Divide(_probabilities, _temperature, _probabilities);
            TensorPrimitives.SoftMax(_probabilities, _probabilities);
            for (var i = 0; i < _ids.Length; i++)
            {
                _ids[i] = i;
                _probabilities[i] = -_probabilities[i];
            }

            // Negated, so that an ascending sort puts the most likely first.
            Array.Sort(_probabilities, _ids);
            var kept = 0;
            var mass = 0f;
            while (kept < _ids.Length && mass < _topP)
            {
                mass -= _probabilities[kept++];
            }

            if (kept == 1)
            {
                // The sort is not stable.
                return Greedy.Choose(logits);
            }

            var draw = _random.NextSingle() * mass;
            for (var i = 0; i < kept; i++)
            {
                draw += _probabilities[i];
                if (draw < 0)
                {
                    return _ids[i];
                }
            }

            return _ids[kept - 1];
        }
    }
}
