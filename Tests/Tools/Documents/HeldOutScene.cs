using System.Text.Json;
using MobileVlm.Edge.Connectors.Images;

namespace MobileVlm.Edge.Tools.Documents;

/// <summary>An image of the demo's gate on which its model was never trained, with questions and expected answers.</summary>
internal sealed record HeldOutScene(string Image, HeldOutItem[] Questions)
{
    private static readonly string Folder = Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout");
    private static readonly JsonSerializerOptions Json = new() { PropertyNameCaseInsensitive = true };

    public static HeldOutScene[] Load() =>
        JsonSerializer.Deserialize<HeldOutScene[]>(File.ReadAllText(Path.Combine(Folder, "questions.json")), Json)!;

    /// <summary>Loads every n-th scene, about <paramref name="count"/> in total.</summary>
    public static HeldOutScene[] LoadEvenly(int count)
    {
        var all = Load();
        return [.. all.Where((_, i) => i % (all.Length / count) == 0)];
    }

    /// <summary>What is in it, in words.</summary>
    public string Description => Questions[^1].Answer;

    public DecodedImage Read() => ImageCodec.Read(Path.Combine(Folder, Image));
}

internal sealed record HeldOutItem(string Question, string Answer, string? Kind = null)
{
    public bool IsYesNo => Answer is "Yes" or "No";
}
