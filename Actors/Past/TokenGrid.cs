using MobileVlm.Edge.Connectors.Http.Past;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Past;

/// <summary>Blocks of the visual tokens of a picture, in rows from the upper left.</summary>
internal sealed class TokenGrid
{
    private readonly int _side;
    private readonly double _emptyX;
    private readonly double _emptyY;

    /// <param name="tokens">Tokens of the picture: a square.</param>
    /// <param name="size">Blocks in a row; at most as many as tokens.</param>
    /// <param name="width">Width of what the model sees, in pixels.</param>
    /// <param name="height">Its height.</param>
    /// <exception cref="ArgumentException">The tokens are no square.</exception>
    public TokenGrid(int tokens, int size, int width, int height)
    {
        _side = (int)Math.Round(Math.Sqrt(tokens));
        if (_side * _side != tokens)
        {
            throw new ArgumentException($"The model's {tokens} visual tokens are no square, so they have no places in the picture.");
        }

        Size = Math.Min(size, _side);

        // The picture lies in the middle of a square, whose rest is painted in one colour.
        var square = (double)Math.Max(width, height);
        (_emptyX, _emptyY) = ((1 - (width / square)) / 2, (1 - (height / square)) / 2);
    }

    /// <summary>Blocks in a row.</summary>
    public int Size { get; }

    /// <summary>Whether a block shows any of the picture.</summary>
    public bool IsVisible(int row, int column) => Overlaps(row, _emptyY) && Overlaps(column, _emptyX);

    /// <summary>Where the grid lies in the picture, as parts of its width and height.</summary>
    public PictureArea AreaIn(PictureArea seen)
    {
        var (width, height) = (seen.Width / (1 - (2 * _emptyX)), seen.Height / (1 - (2 * _emptyY)));
        return new PictureArea(seen.Left - (width * _emptyX), seen.Top - (height * _emptyY), width, height);
    }

    /// <summary>The tokens with each token of a block replaced by the mean of all. The caller disposes them.</summary>
    public VisualTokens Without(VisualTokens tokens, int row, int column)
    {
        var masked = new VisualTokens(tokens.Count, tokens.HiddenSize);
        var to = masked.Values.Span;
        tokens.Values.Span.CopyTo(to);
        var mean = MeanOf(to, tokens.HiddenSize);
        for (var y = FirstOf(row); y < FirstOf(row + 1); y++)
        {
            for (var x = FirstOf(column); x < FirstOf(column + 1); x++)
            {
                mean.CopyTo(to[(((y * _side) + x) * tokens.HiddenSize)..]);
            }
        }

        return masked;
    }

    private static float[] MeanOf(ReadOnlySpan<float> values, int hidden)
    {
        var mean = new float[hidden];
        for (var i = 0; i < values.Length; i++)
        {
            mean[i % hidden] += values[i];
        }

        for (var i = 0; i < hidden; i++)
        {
            mean[i] /= values.Length / hidden;
        }

        return mean;
    }

    private int FirstOf(int block) => block * _side / Size;

    private bool Overlaps(int block, double empty) =>
        (double)FirstOf(block + 1) / _side > empty && (double)FirstOf(block) / _side < 1 - empty;
}
