using System.Text.Json;
using MobileVlm.Edge.Connectors.Images;

namespace MobileVlm.Edge.EndToEnd.Tests;

/// <summary>Pictures of the demo's gate that its model was never trained on.</summary>
internal sealed record HeldOutScene(string Image, HeldOutItem[] Questions)
{
    private static readonly string Folder = Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout");
    private static readonly JsonSerializerOptions Json = new() { PropertyNameCaseInsensitive = true };

    public static HeldOutScene[] Load() =>
        JsonSerializer.Deserialize<HeldOutScene[]>(File.ReadAllText(Path.Combine(Folder, "questions.json")), Json)!;

    public DecodedImage Read() => ImageCodec.Read(Path.Combine(Folder, Image));
}

internal sealed record HeldOutItem(string Question, string Answer);
