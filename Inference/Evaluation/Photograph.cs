namespace MobileVlm.Edge.Inference.Evaluation;

/// <summary>A photograph of this program, from Debian packages, scaled down; NOTICE names package, file, author and
/// licence.</summary>
/// <param name="Name">The file without <c>.jpg</c>. Each is another scene.</param>
/// <param name="Caption">One sentence about what it shows.</param>
/// <param name="IsHeldOut">Whether the loss is measured on it; otherwise weights are calibrated with it.</param>
internal sealed record Photograph(string Name, string Caption, bool IsHeldOut)
{
    /// <summary>What these pictures are, for the manifest.</summary>
    public const string Kind = "photographs";

    /// <summary>People, animals, things, rooms and landscapes, by day and by night, in both halves.</summary>
    public static IReadOnlyList<Photograph> All { get; } =
    [
        new("cameraman", "A man in a dark coat looks through a camera on a tripod on a wide lawn.", IsHeldOut: false),
        new("cat", "The picture shows the face of a tabby cat with green eyes.", IsHeldOut: false),
        new("room", "A drum lies on a beanbag in front of a small table with a bottle of wine.", IsHeldOut: false),
        new("meadow", "Behind a green meadow there is a forest in autumn colours and a mountain range.", IsHeldOut: false),
        new("stream", "A small stream runs over rocks through a forest.", IsHeldOut: false),
        new("brushes", "Several paintbrushes with blue, pink and green paint stand side by side.", IsHeldOut: false),
        new("bridge", "Steel cables of a bridge cross in front of a blue sky and a wide beach.", IsHeldOut: false),
        new("rocket", "A rocket stands on a lit launch pad at night.", IsHeldOut: false),
        new("astronaut", "A smiling woman in an orange space suit sits beside her helmet.", IsHeldOut: true),
        new("dogs", "Two brown dogs look out of a window of a wooden house.", IsHeldOut: true),
        new("coffee", "A cup of coffee with a spoon stands on a red saucer on a wooden table.", IsHeldOut: true),
        new("mountains", "A path leads across a meadow towards steep grey mountains with snow.", IsHeldOut: true),
        new("sunset", "The sun stands low above a chain of hills.", IsHeldOut: true),
        new("dandelions", "White dandelions stand in high grass in the evening light.", IsHeldOut: true),
        new("fig", "Half a fig lies in a red bowl on grey concrete.", IsHeldOut: true),
        new("clock", "A large grey clock with yellow digits is seen from below.", IsHeldOut: true),
        new("dragonfly", "A dragonfly sits on a twig in front of green leaves and a blue sky.", IsHeldOut: true),
        new("lamp", "A small figure of a bird hangs under a round white lamp.", IsHeldOut: true),
    ];

    public static IEnumerable<Photograph> ForCalibration => All.Where(photograph => !photograph.IsHeldOut);

    public static IEnumerable<Photograph> HeldOut => All.Where(photograph => photograph.IsHeldOut);

    /// <summary>The JPEG file.</summary>
    public Stream Open() => typeof(Photograph).Assembly.GetManifestResourceStream($"{Name}.jpg")
        ?? throw new InvalidOperationException($"The program lacks its resource {Name}.jpg.");

    public CalibrationPicture Decode(PictureReader read)
    {
        using var file = Open();
        return read(file);
    }
}
