using SkiaSharp;

namespace MobileVlm.Edge.Tools.Documents;

/// <summary>A car of a scene.</summary>
/// <param name="Color">Its name.</param>
/// <param name="Center">Column of its centre.</param>
/// <param name="Bottom">Row at the lower edge of its body.</param>
/// <param name="Width">In pixels.</param>
/// <param name="FacesLeft">Its lamp is at the left.</param>
internal sealed record SceneCar(string Color, float Center, float Bottom, float Width, bool FacesLeft);

/// <summary>A person of a scene.</summary>
/// <param name="Shirt">Name of the shirt's color.</param>
/// <param name="Center">Column of its centre.</param>
/// <param name="Feet">Row of its feet.</param>
/// <param name="Height">In pixels.</param>
/// <param name="Skin">Index of the skin's color.</param>
/// <param name="Stride">How far the feet are apart, as a part of the height.</param>
/// <param name="Swing">How far the arms are away from the body, as a part of the height.</param>
internal sealed record ScenePerson(string Shirt, float Center, float Feet, float Height, int Skin, float Stride, float Swing);

/// <summary>What a scene of the demo's gate holds, drawn from a seed. The pictures look as those on which the demo's model was trained and
/// as the 200 held-out ones; any number of them can be made, so that an accuracy can be measured as exactly as needed.</summary>
internal sealed record RenderedScene
{
    public const int Width = 480;
    public const int Height = 360;

    /// <summary>Columns around which people stand, at most one at each, and cars.</summary>
    private static readonly float[] PlacesOfPeople = [110, 240, 370];

    private static readonly float[] PlacesOfCars = [125, 345];

    public static readonly string[] Colors = ["white", "yellow", "blue", "green", "red", "black"];

    public required SceneCar[] Cars { get; init; }

    public required ScenePerson[] People { get; init; }

    public bool IsNight { get; private init; }

    public bool IsGateOpen { get; private init; }

    /// <summary>Shift of house and gate.</summary>
    public float Shift { get; private init; }

    /// <summary>Red and green of the sky, and red of the ground.</summary>
    public required (byte Red, byte Green, byte Ground) Tint { get; init; }

    /// <summary>Centre of the dog; null without one.</summary>
    public SKPoint? Dog { get; private init; }

    public bool DogFacesLeft { get; private init; }

    /// <summary>Upper left corner of the package; null without one.</summary>
    public SKPoint? Package { get; private init; }

    /// <summary>Column of the fire; null without one.</summary>
    public float? Fire { get; private init; }

    public int SmokeSeed { get; private init; }

    /// <summary>In the words of the demo's descriptions.</summary>
    public string Description
    {
        get
        {
            string[] counts = ["no", "one", "two", "three"];
            string[] things =
            [
                .. People.Length == 0 ? (string[])[] : [People.Length == 1 ? "one person" : $"{counts[People.Length]} people"],
                .. Cars.Length == 0 ? (string[])[] : [Cars.Length == 1 ? $"a {Cars[0].Color} car" : $"{counts[Cars.Length]} cars"],
                .. Dog is null ? (string[])[] : ["a dog"],
                .. Package is null ? (string[])[] : ["a package"],
            ];
            var list = things.Length > 1 ? $"{string.Join(", ", things[..^1])} and {things[^1]}" : string.Concat(things);
            return $"It is {(IsNight ? "night" : "day")} and the gate is {(IsGateOpen ? "open" : "closed")}."
                + (things.Length == 0 ? "" : $" I can see {list}.") + (Fire is null ? "" : " There is smoke and fire.");
        }
    }

    /// <summary>Draws a scene; contents are as frequent as in the held-out ones.</summary>
    /// <param name="seed">Of the random numbers.</param>
    /// <param name="cars">How many cars; null for any number.</param>
    public static RenderedScene Of(int seed, int? cars = null)
    {
        // Not for secrets: the same seed must give the same scene.
        var random = new Random(seed);
        float Between(double low, double high) => (float)(low + (random.NextDouble() * (high - low)));
        bool Happens(double share) => random.NextDouble() < share;
        string Color() => Colors[random.Next(Colors.Length)];
        int Count(params double[] shares)
        {
            var at = random.NextDouble();
            return shares.TakeWhile(share => (at -= share) >= 0).Count();
        }

        IEnumerable<float> Places(float[] places, int count, float around)
        {
            var shuffled = (float[])places.Clone();
            random.Shuffle(shuffled);
            return shuffled.Take(count).Select(place => place + Between(-around, around));
        }

        var carCount = Count(0.375, 0.39);
        var peopleCount = Count(0.315, 0.29, 0.25);
        return new RenderedScene
        {
            Cars = [.. Places(PlacesOfCars, cars ?? carCount, 62).Select(center => new SceneCar(Color(), center, Between(228, 249), Between(137, 188), Happens(0.5)))],
            People = [.. Places(PlacesOfPeople, peopleCount, 34).Select(center =>
            {
                var height = Between(100, 155);
                return new ScenePerson(Color(), center, Between(290, 335), height, random.Next(3), Happens(0.3) ? 0.02f : Between(0.06, 0.14), Happens(0.5) ? 0 : Between(0.04, 0.12));
            }).OrderBy(person => person.Feet)],
            IsNight = Happens(0.3),
            IsGateOpen = Happens(0.5),
            Shift = Between(-14, 14),
            Tint = ((byte)Between(136, 165), (byte)Between(184, 206), (byte)Between(92, 117)),
            Dog = Happens(0.345) ? new SKPoint(Between(55, 425), Between(312, 328)) : null,
            DogFacesLeft = Happens(0.5),
            Package = Happens(0.37) ? new SKPoint(Between(2, 434), Between(273, 312)) : null,
            Fire = Happens(0.22) ? Between(60, 430) : null,
            SmokeSeed = random.Next(),
        };
    }

    /// <summary>The pixels of the picture, RGB.</summary>
    public byte[] Render()
    {
        using var bitmap = new SKBitmap(new SKImageInfo(Width, Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using (var canvas = new SKCanvas(bitmap))
        {
            using var painter = new ScenePainter(canvas, this);
            painter.Paint();
        }

        var rgba = bitmap.GetPixelSpan();
        var rgb = new byte[3 * Width * Height];
        for (var i = 0; i < Width * Height; i++)
        {
            rgba.Slice(4 * i, 3).CopyTo(rgb.AsSpan(3 * i));
        }

        return rgb;
    }
}
