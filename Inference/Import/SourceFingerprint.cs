using System.Security.Cryptography;
using System.Text;
using MobileVlm.Edge.Inference.Import.Checkpoints;

namespace MobileVlm.Edge.Inference.Import;

/// <summary>The sources of an import, as one short text: the checkpoint's files by name and size, its settings, its
/// tokenizer, samples of its weights, and what was asked for. Reading it costs a few megabytes, not the checkpoint.</summary>
internal static class SourceFingerprint
{
    /// <summary>Number of bytes read at each end of a weight file. torch.save puts the checksums of all tensors at the end, safetensors their
    /// offsets at the start.</summary>
    private const int EndBytes = 1 << 20;

    /// <summary>Number of samples in between, for files without checksums: training changes weights everywhere.</summary>
    private const int Samples = 64;
    private const int SampleBytes = 4096;

    /// <summary>Small files that change the result.</summary>
    private static readonly string[] Settings =
    [
        CheckpointLayout.Config, CheckpointLayout.Preprocessor, CheckpointLayout.ModelCard,
        $"{CheckpointLayout.VisionTowerFolder}/{CheckpointLayout.Config}",
        $"{CheckpointLayout.VisionTowerFolder}/{CheckpointLayout.Preprocessor}",
    ];

    /// <param name="checkpoint">Open.</param>
    /// <param name="asked">Precision and everything else that the result depends on.</param>
    /// <exception cref="CheckpointException">A file can no longer be read.</exception>
    public static string Of(Checkpoint checkpoint, string asked)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Add(string text) => hash.AppendData(Encoding.UTF8.GetBytes(text + '\n'));
        Add(asked);
        string[] settings =
        [
            .. Settings.Select(name => Path.Combine(checkpoint.Folder, name)),
            .. checkpoint.WeightFiles.SelectMany(file => Settings.Select(name => Path.Combine(Path.GetDirectoryName(file)!, name))),
            .. checkpoint.TokenizerFile is { } tokenizer ? (string[])[tokenizer] : [],
            .. checkpoint.TowerSettings,
        ];
        foreach (var file in settings.Distinct().Where(File.Exists))
        {
            Add(NameOf(checkpoint, file));
            hash.AppendData(SHA256.HashData(File.ReadAllBytes(file)));
        }

        foreach (var path in checkpoint.WeightFiles)
        {
            using var file = CheckpointFile.Open(path);
            Add($"{NameOf(checkpoint, path)} {file.Length}");
            AddSamples(file, hash);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Path inside the checkpoint, or the name of a file elsewhere, which does not depend on where either lies.</summary>
    private static string NameOf(Checkpoint checkpoint, string file) =>
        Path.GetRelativePath(checkpoint.Folder, file) is var relative && relative.StartsWith("..", StringComparison.Ordinal)
            ? $"tower {Path.GetFileName(file)}"
            : relative;

    private static void AddSamples(CheckpointFile file, IncrementalHash hash)
    {
        var buffer = new byte[EndBytes];
        void Add(long offset, int most)
        {
            var piece = buffer.AsSpan(0, (int)Math.Min(most, file.Length - offset));
            file.ReadExactly(offset, piece);
            hash.AppendData(piece);
        }

        Add(0, EndBytes);
        Add(Math.Max(0, file.Length - EndBytes), EndBytes);
        for (var i = 1L; i < Samples; i++)
        {
            Add(file.Length / Samples * i, SampleBytes);
        }
    }
}
