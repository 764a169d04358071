using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Evaluation.Gates;

/// <summary>What a checkpoint computes in float32 for <see cref="GatePrompts"/>. A model folder has it as a file, so that another
/// machine can measure the loss without the checkpoint.</summary>
/// <param name="Predictions">Of each position.</param>
/// <param name="VisualTokens">Some of the visual tokens of each picture, [tokens, hidden]; empty for a model of text only.</param>
internal sealed record GateReference(IReadOnlyList<ExactPrediction> Predictions, IReadOnlyList<float[]> VisualTokens)
{
    /// <summary>Visual tokens of a picture that are recorded, evenly spread.</summary>
    private const int TokensPerPicture = 32;

    private const uint Magic = 0x46_52_4C_4D;

    /// <summary>Rises with each change of the file.</summary>
    private const int Version = 1;

    /// <summary>Some of the visual tokens of a picture.</summary>
    /// <param name="visualTokens">All, [tokens, hidden].</param>
    /// <param name="hidden">Width of a token.</param>
    public static float[] Sample(ReadOnlySpan<float> visualTokens, int hidden)
    {
        var all = visualTokens.Length / hidden;
        var count = Math.Min(all, TokensPerPicture);
        var sample = new float[count * hidden];
        for (var i = 0; i < count; i++)
        {
            visualTokens.Slice(i * all / count * hidden, hidden).CopyTo(sample.AsSpan(i * hidden));
        }

        return sample;
    }

    /// <summary>Visual tokens in half the bytes, everything else exactly.</summary>
    public void Write(Stream stream)
    {
        using var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true);
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write(Predictions.Count);
        foreach (var prediction in Predictions)
        {
            writer.Write(prediction.YesScore);
            writer.Write(prediction.YesMass);
            writer.Write(prediction.Ids.Length);
            foreach (var (id, logarithm) in prediction.Ids.Zip(prediction.Logarithms))
            {
                writer.Write(id);
                writer.Write(logarithm);
            }
        }

        writer.Write(VisualTokens.Count);
        foreach (var tokens in VisualTokens)
        {
            writer.Write(tokens.Length);
            foreach (var value in tokens)
            {
                writer.Write(float.IsInfinity((float)(Half)value) ? Half.CopySign(Half.MaxValue, (Half)value) : (Half)value);
            }
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="ModelFolderException">The file is damaged, or of another version.</exception>
    public static GateReference Read(ModelFolder folder)
    {
        try
        {
            using var reader = new BinaryReader(File.OpenRead(folder.PathOf(ModelFolder.GateReferenceFile)));
            if (reader.ReadUInt32() != Magic || reader.ReadInt32() != Version)
            {
                throw new ModelFolderException(
                    folder.FolderPath, $"{ModelFolder.GateReferenceFile} is of another version of this program. Import the model again to measure its loss.");
            }

            var predictions = new ExactPrediction[Count(reader, 12)];
            for (var i = 0; i < predictions.Length; i++)
            {
                var (score, mass) = (reader.ReadSingle(), reader.ReadSingle());
                var (ids, logarithms) = (new int[Count(reader, 8)], Array.Empty<float>());
                logarithms = new float[ids.Length];
                for (var token = 0; token < ids.Length; token++)
                {
                    var id = reader.ReadInt32();
                    ids[token] = id >= 0 && id < folder.Manifest.Language.VocabularySize ? id : throw new EndOfStreamException();
                    logarithms[token] = reader.ReadSingle();
                }

                predictions[i] = ids.Length == 0 ? throw new EndOfStreamException() : new ExactPrediction(ids, logarithms, score, mass);
            }

            var pictures = new float[Count(reader, 4)][];
            for (var i = 0; i < pictures.Length; i++)
            {
                pictures[i] = new float[Count(reader, 2)];
                for (var value = 0; value < pictures[i].Length; value++)
                {
                    pictures[i][value] = (float)reader.ReadHalf();
                }
            }

            return new GateReference(predictions, pictures);
        }
        catch (IOException e)
        {
            throw new ModelFolderException(folder.FolderPath, $"{ModelFolder.GateReferenceFile} cannot be read ({e.Message}). Import the model again.", e);
        }
    }

    /// <summary>A number of things of which the file has at least that many bytes left.</summary>
    private static int Count(BinaryReader reader, int bytesEach)
    {
        var count = reader.ReadInt32();
        return count >= 0 && count * (long)bytesEach <= reader.BaseStream.Length - reader.BaseStream.Position
            ? count
            : throw new EndOfStreamException("A count in it is larger than the file.");
    }
}
