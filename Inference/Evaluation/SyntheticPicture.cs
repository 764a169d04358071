namespace MobileVlm.Edge.Inference.Evaluation;

/// <summary>Pictures made of sky, ground, boxes, discs and grain: colours, edges and textures at several scales, as
/// photographs have them, without a photograph's licence. They are not photographs: a user's own are better.</summary>
internal static class SyntheticPicture
{
    private const int Count = 6;
    private const int Width = 448;
    private const int Height = 336;

    public static IReadOnlyList<CalibrationPicture> Some { get; } = [.. Enumerable.Range(0, Count).Select(Draw)];

    /// <summary>The same seed draws the same picture.</summary>
    public static CalibrationPicture Draw(int seed)
    {
        var random = new Noise(seed);
        var pixels = new byte[Width * Height * 3];
        DrawGround(pixels, random);
        var shapes = 4 + random.Below(12);
        for (var i = 0; i < shapes; i++)
        {
            DrawShape(pixels, random, round: random.Below(2) == 0);
        }

        var grain = random.Below(24);
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)Math.Clamp(pixels[i] + random.Below(grain + 1) - (grain / 2), 0, 255);
        }

        return new CalibrationPicture(pixels, Width, Height);
    }

    private static void DrawGround(byte[] pixels, Noise random)
    {
        var (sky, ground) = (random.Color(), random.Color());
        var horizon = (Height / 4) + random.Below(Height / 2);
        for (var y = 0; y < Height; y++)
        {
            var color = y < horizon ? sky : ground;
            var shade = y < horizon ? 128 + (128 * y / horizon) : 256 - (128 * (y - horizon) / (Height - horizon));
            for (var x = 0; x < Width; x++)
            {
                Put(pixels, x, y, color, shade);
            }
        }
    }

    private static void DrawShape(byte[] pixels, Noise random, bool round)
    {
        var (x, y) = (random.Below(Width), random.Below(Height));
        var (halfWidth, halfHeight) = (4 + random.Below(Width / 6), 4 + random.Below(Height / 5));
        var color = random.Color();
        var stripe = random.Below(3) == 0 ? 2 + random.Below(12) : int.MaxValue;
        for (var v = Math.Max(0, y - halfHeight); v < Math.Min(Height, y + halfHeight); v++)
        {
            for (var u = Math.Max(0, x - halfWidth); u < Math.Min(Width, x + halfWidth); u++)
            {
                var (dx, dy) = ((u - x) / (double)halfWidth, (v - y) / (double)halfHeight);
                if (!round || (dx * dx) + (dy * dy) < 1)
                {
                    Put(pixels, u, v, color, u / stripe % 2 == 0 ? 256 : 128);
                }
            }
        }
    }

    private static void Put(byte[] pixels, int x, int y, (int R, int G, int B) color, int shade)
    {
        var at = 3 * ((y * Width) + x);
        pixels[at] = (byte)(color.R * shade >> 8);
        pixels[at + 1] = (byte)(color.G * shade >> 8);
        pixels[at + 2] = (byte)(color.B * shade >> 8);
    }

    /// <summary>Numerical Recipes' linear congruential generator: the sequence of .NET's own is not promised to stay.</summary>
    private sealed class Noise(int seed)
    {
        private uint _state = (uint)seed * 2654435761u;

        public int Below(int end)
        {
            _state = (_state * 1664525u) + 1013904223u;
            return (int)((ulong)_state * (ulong)end >> 32);
        }

        public (int R, int G, int B) Color() => (Below(256), Below(256), Below(256));
    }
}
