using MobileVlm.Edge.Inference.Teaching.Features;

namespace MobileVlm.Edge.Actors.Labels.Teaching;

/// <summary>What the model computed about a labelled frame.</summary>
/// <param name="Scores">The model's own scores.</param>
/// <param name="Features">The features.</param>
internal sealed record ReadPicture(double[] Scores, IReadOnlyDictionary<FeatureKinds, float[]> Features);

/// <summary>Keeps what the model computed about labelled frames, so that a new label costs one picture. The oldest go first. Not
/// thread-safe.</summary>
internal sealed class SampleCache
{
    /// <summary>Bytes of all features; about a thousand frames of a model with 2048 hidden units.</summary>
    private const long MaxBytes = 64 * 1024 * 1024;

    private readonly Dictionary<Key, ReadPicture> _pictures = [];
    private readonly Queue<Key> _order = new();
    private long _bytes;

    /// <summary>Null for a frame that was not read for this question yet.</summary>
    public ReadPicture? Find(Key key) => _pictures.GetValueOrDefault(key);

    public void Add(Key key, ReadPicture picture)
    {
        if (!_pictures.TryAdd(key, picture))
        {
            return;
        }

        _order.Enqueue(key);
        _bytes += BytesOf(picture);
        while (_bytes > MaxBytes && _order.TryDequeue(out var oldest) && _pictures.Remove(oldest, out var dropped))
        {
            _bytes -= BytesOf(dropped);
        }
    }

    private static long BytesOf(ReadPicture picture) => picture.Features.Values.Sum(values => (long)values.Length * sizeof(float));

    /// <summary>A labelled frame and what was asked about it.</summary>
    /// <param name="Camera">The camera.</param>
    /// <param name="Label">The id of the label.</param>
    /// <param name="Asked">Question, suffix, choices and region; with another of them the features are others.</param>
    public readonly record struct Key(string Camera, string Label, string Asked);
}
