using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Images;

namespace MobileVlm.Edge.Actors.Tests.Scenes;

/// <summary>A picture that a test changes as cameras, weather and people do. Immutable.</summary>
internal sealed class ScenePicture(int width, int height, byte[] pixels)
{
    private static readonly FramePool Pool = new();

    // A prime length, so that neither rows nor colours repeat it.
    private static readonly float[] NoiseTable = [.. Enumerable.Repeat(new Random(5), 100_003).Select(random => (float)Normal(random))];

    public int Width => width;

    public int Height => height;

    public byte[] Pixels => pixels;

    public Frame ToFrame()
    {
        var frame = Pool.Rent(width, height, new CameraId("gate"), new FrameSequence(1), default, 0);
        pixels.CopyTo(frame.Pixels);
        return frame;
    }

    /// <summary>What the camera sees from somewhere else; beyond the border the last pixels repeat.</summary>
    /// <param name="right">Share of the width that it was turned to the right.</param>
    /// <param name="down">Share of the height that it was turned down.</param>
    /// <param name="degrees">Rolled by this.</param>
    /// <param name="zoom">Above 1 is nearer.</param>
    public ScenePicture Moved(double right = 0, double down = 0, double degrees = 0, double zoom = 1)
    {
        var (sin, cos) = Math.SinCos(degrees * Math.PI / 180);
        return Sampled((x, y) =>
        {
            var (fromX, fromY) = ((x - (width / 2.0)) / zoom, (y - (height / 2.0)) / zoom);
            return ((width / 2.0) + (fromX * cos) - (fromY * sin) + (right * width),
                (height / 2.0) + (fromX * sin) + (fromY * cos) + (down * height));
        });
    }

    /// <summary>Out of focus.</summary>
    /// <param name="sigma">Share of the width.</param>
    public ScenePicture Blurred(double sigma)
    {
        // Three box filters are close to a Gaussian one.
        var radius = Math.Max(1, (int)Math.Round(((sigma * width * Math.Sqrt(12.0 / 3)) - 1) / 2));
        var blurred = pixels;
        for (var i = 0; i < 3; i++)
        {
            blurred = Box(Box(blurred, radius, alongX: true), radius, alongX: false);
        }

        return new ScenePicture(width, height, blurred);
    }

    public ScenePicture Noisy(double sigma, Random random)
    {
        var noisy = new byte[pixels.Length];
        var scale = (float)sigma;
        for (int i = 0, from = random.Next(NoiseTable.Length); i < noisy.Length; i++, from++)
        {
            from = from < NoiseTable.Length ? from : 0;
            noisy[i] = (byte)Math.Clamp((int)(pixels[i] + 0.5f + (scale * NoiseTable[from])), 0, 255);
        }

        return new ScenePicture(width, height, noisy);
    }

    /// <summary>Exposure and contrast, about a grey level.</summary>
    public ScenePicture Toned(double gain, double about = 0) => Each((_, _, _, value) => about + ((value - about) * gain));

    public ScenePicture WhiteBalanced(double red, double blue) =>
        Each((_, _, channel, value) => channel switch { 0 => value * red, 2 => value * blue, _ => value });

    /// <summary>By infrared light: no colour, brighter near the middle, red reflects more.</summary>
    public ScenePicture Infrared() => Each((x, y, _, value) =>
    {
        var at = ((y * width) + x) * 3;
        var grey = (0.6 * pixels[at]) + (0.25 * pixels[at + 1]) + (0.15 * pixels[at + 2]);
        var fromMiddle = Math.Pow((x - (width / 2.0)) / width, 2) + Math.Pow((y - (height / 2.0)) / height, 2);
        return 20 + (grey * 1.6 * (1 - fromMiddle));
    });

    /// <summary>Rain: short bright streaks.</summary>
    public ScenePicture Rainy(int streaks, Random random)
    {
        var wet = (byte[])pixels.Clone();
        for (var i = 0; i < streaks; i++)
        {
            var (x, y) = (random.Next(width), random.Next(height - 14));
            for (var row = y; row < y + 14; row++)
            {
                for (var channel = 0; channel < 3; channel++)
                {
                    var at = (((row * width) + x) * 3) + channel;
                    wet[at] = (byte)Math.Min(255, wet[at] + 60);
                }
            }
        }

        return new ScenePicture(width, height, wet);
    }

    /// <summary>Something stands before the camera, from the left.</summary>
    /// <param name="from">Share of the width where it begins.</param>
    /// <param name="to">Where it ends.</param>
    /// <param name="brightness">Its brightness at a pixel.</param>
    public ScenePicture Hidden(double from, double to, Func<int, int, double> brightness) =>
        Each((x, y, _, value) => x >= from * width && x < to * width ? brightness(x, y) : value);

    /// <summary>A lorry: a bright rectangle with lettering, seams, a dark underside and wheels; sky above and road below it stay.</summary>
    public ScenePicture WithLorry(double from, double to) => Each((x, y, _, value) =>
    {
        if (x < from * width || x >= to * width || y < height * 0.08)
        {
            return value;
        }

        var fromFront = x - (from * width);
        return y > height * 0.85 ? fromFront % 150 < 60 ? 25 : 50
            : fromFront % 120 < 2 ? 120
            : y > height * 0.4 && y < height * 0.5 && fromFront % 40 < 18 ? 70
            : 205 - (y * 0.05);
    });

    /// <summary>A hand on the lens: dark, reddish, without an edge.</summary>
    public ScenePicture UnderHand(double shake = 0) => Each((x, y, channel, _) =>
        90 + (45 * Math.Sin((x * 0.011) + shake) * Math.Cos((y * 0.014) + shake)) - (channel * 22));

    /// <summary>Paint on the glass: soft drops, so near that they are out of focus.</summary>
    public ScenePicture Sprayed(int drops, int seed)
    {
        var random = new Random(seed);
        var spots = Enumerable.Range(0, drops)
            .Select(_ => (X: random.NextDouble() * width, Y: random.NextDouble() * height, R: (0.04 + (random.NextDouble() * 0.09)) * width))
            .ToArray();
        var through = Blurred(0.008);
        return new ScenePicture(width, height, Map(through.Pixels, (x, y, _, value) =>
        {
            var clear = 1.0;
            foreach (var (spotX, spotY, r) in spots)
            {
                clear *= 1 - (0.95 * Math.Exp(-(((x - spotX) * (x - spotX)) + ((y - spotY) * (y - spotY))) / (r * r)));
            }

            return (value * clear) + (55 * (1 - clear));
        }));
    }

    /// <summary>The lens has its cap on: black, with the noise of a sensor at full gain.</summary>
    public ScenePicture Capped(Random random) => new ScenePicture(width, height, [.. pixels.Select(_ => (byte)5)]).Noisy(3, random);

    /// <summary>Through JPEG.</summary>
    public ScenePicture Compressed(int quality)
    {
        var decoded = ImageCodec.Decode(ImageCodec.EncodeJpeg(pixels, width, height, quality), "a test's picture");
        return new ScenePicture(decoded.Width, decoded.Height, decoded.Pixels.ToArray());
    }

    /// <summary>The same picture from a camera of another resolution.</summary>
    public ScenePicture Resized(int newWidth, int newHeight)
    {
        var resized = new byte[newWidth * newHeight * 3];
        for (var y = 0; y < newHeight; y++)
        {
            for (var x = 0; x < newWidth; x++)
            {
                var from = ((y * height / newHeight * width) + (x * width / newWidth)) * 3;
                pixels.AsSpan(from, 3).CopyTo(resized.AsSpan(((y * newWidth) + x) * 3));
            }
        }

        return new ScenePicture(newWidth, newHeight, resized);
    }

    public ScenePicture Each(Func<int, int, int, double, double> change) => new(width, height, Map(pixels, change));

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private byte[] Map(byte[] from, Func<int, int, int, double, double> change)
    {
        var changed = new byte[from.Length];
        for (var i = 0; i < from.Length; i++)
        {
            var pixel = i / 3;
            changed[i] = (byte)Math.Clamp(change(pixel % width, pixel / width, i % 3, from[i]), 0, 255);
        }

        return changed;
    }

    private ScenePicture Sampled(Func<int, int, (double X, double Y)> from)
    {
        var sampled = new byte[pixels.Length];
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var (fromX, fromY) = from(x, y);
                var (column, row) = (Math.Clamp((int)Math.Round(fromX), 0, width - 1), Math.Clamp((int)Math.Round(fromY), 0, height - 1));
                pixels.AsSpan(((row * width) + column) * 3, 3).CopyTo(sampled.AsSpan(((y * width) + x) * 3));
            }
        }

        return new ScenePicture(width, height, sampled);
    }

    private byte[] Box(byte[] from, int radius, bool alongX)
    {
        var (length, lines, step, stride) = alongX ? (width, height, 3, width * 3) : (height, width, width * 3, 3);
        var result = new byte[from.Length];
        for (var line = 0; line < lines; line++)
        {
            for (var channel = 0; channel < 3; channel++)
            {
                var start = (line * stride) + channel;
                var sum = 0;
                for (var i = -radius; i <= radius; i++)
                {
                    sum += from[start + (Math.Clamp(i, 0, length - 1) * step)];
                }

                for (var i = 0; i < length; i++)
                {
                    result[start + (i * step)] = (byte)(sum / ((2 * radius) + 1));
                    sum += from[start + (Math.Clamp(i + radius + 1, 0, length - 1) * step)]
                        - from[start + (Math.Clamp(i - radius, 0, length - 1) * step)];
                }
            }
        }

        return result;
    }
}
