using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Synthesis;

namespace MobileVlm.Edge.Inference.Tests.Import.Synthesis;

/// <summary>A synthetic checkpoint in a separate folder for one test.</summary>
internal sealed class SyntheticFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public SyntheticFolder(string like, SynthesisOptions? options = null) =>
        CheckpointSynthesizer.Make(like, _folder[like], options ?? new SynthesisOptions());

    public string Path => Directory.GetDirectories(_folder.Path).Single();

    public string this[string relative] => System.IO.Path.Combine(Path, relative);

    /// <summary>Every tensor's stored bytes, by name.</summary>
    public Dictionary<string, byte[]> Bytes()
    {
        using var checkpoint = Checkpoint.Open(Path);
        return checkpoint.Tensors.Values.ToDictionary(tensor => tensor.Name, tensor =>
        {
            var bytes = new byte[tensor.ByteCount];
            checkpoint.ReadRaw(tensor, bytes);
            return bytes;
        });
    }

    public void Dispose() => _folder.Dispose();
}
