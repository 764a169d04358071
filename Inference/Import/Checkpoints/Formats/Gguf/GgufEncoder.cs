using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;

/// <summary>The vision encoder and projector of an mmproj file: keys and tensors as llama.cpp's converters write them, old and new.</summary>
internal static class GgufEncoder
{
    public const string Architecture = "clip";

    private const string FeatureLayerKey = "clip.vision.feature_layer";
    private const string ProjectorKey = "clip.projector_type";
    private const string NewProjectorKey = "clip.vision.projector_type";

    /// <summary>The projector that a file states.</summary>
    /// <exception cref="CheckpointException">It is not supported, or its tensors are not there.</exception>
    public static GgufProjector Projector(GgufModel model) => GgufProjector.Find(
        model.Metadata.Text(ProjectorKey) ?? model.Metadata.Text(NewProjectorKey), model.Find)
        ?? throw model.Metadata.Error(
            model.Metadata.Has(NewProjectorKey) && !model.Metadata.Has(ProjectorKey) ? NewProjectorKey : ProjectorKey,
            string.Join(" or ", GgufProjector.All.Select(projector => $"\"{projector.Name}\"")));

    /// <summary>Sizes of the vision encoder, of which as many blocks are run as the decoder was trained with.</summary>
    /// <exception cref="CheckpointException">They are missing or not supported.</exception>
    public static VisionConfig ReadConfig(GgufModel model)
    {
        var keys = model.Metadata;
        foreach (var key in (string[])["clip.use_gelu", "clip.use_silu", "clip.has_text_encoder"])
        {
            keys.MustBeZero(key);
        }

        keys.MustBeOne("clip.has_vision_encoder");
        var hidden = keys.Integer("clip.vision.embedding_length", 1, ModelLimits.VisionWidth);
        var heads = keys.Integer("clip.vision.attention.head_count", 1, hidden);
        if (hidden % heads != 0)
        {
            throw keys.Error("clip.vision.attention.head_count", $"a divisor of clip.vision.embedding_length {hidden}");
        }

        var image = keys.Integer("clip.vision.image_size", 1, ModelLimits.ImageSize);
        var patch = keys.Integer("clip.vision.patch_size", 1, image);
        if (image % patch != 0)
        {
            throw keys.Error("clip.vision.patch_size", $"a divisor of clip.vision.image_size {image}");
        }

        var blocks = keys.Integer("clip.vision.block_count", 1, ModelLimits.VisionLayers);
        return new VisionConfig(
            hidden,
            keys.Integer("clip.vision.feed_forward_length", 1, ModelLimits.VisionWidth),
            blocks,
            heads,
            image,
            patch,
            keys.Positive("clip.vision.attention.layer_norm_epsilon"),
            BlocksToRun(keys, blocks, (hidden, heads, patch)),
            keys.Colour("clip.vision.image_mean", ClipTower.Sizes.ImageMean, mayBeZero: true),
            keys.Colour("clip.vision.image_std", ClipTower.Sizes.ImageStd, mayBeZero: false));
    }

    /// <summary>All tensors that are needed, under the checkpoint's names.</summary>
    /// <exception cref="CheckpointException">One is missing, has another shape, or is not of such an encoder.</exception>
    public static IEnumerable<CheckpointTensor> Tensors(GgufModel model, VisionConfig vision, GgufProjector projector)
    {
        var projected = projector.Tensors(model.Find).ToList();
        var known = Known(model, vision).ToList();
        var names = known.Concat(projected).Select(entry => entry.Stored).ToHashSet(StringComparer.Ordinal);
        foreach (var stored in model.TensorNames)
        {
            if (!names.Contains(stored) && !stored.StartsWith("v.post_ln.", StringComparison.Ordinal))
            {
                throw new CheckpointException(
                    model.Path, $"has tensor '{stored}', which a vision encoder of {vision.Layers} blocks with the projector '{projector.Name}', as its keys describe it, does not have.");
            }
        }

        return known.Concat(projected).Select(entry => model.Take(entry.Stored, entry.Name, entry.Shape)).ToList();
    }

    /// <summary>How the blocks of the encoder are used, in a sentence of a manifest.</summary>
    public static string Describe(GgufModel model, VisionConfig vision)
    {
        var old = model.Find("v.blk.0.ffn_down.weight") is { } down && down.Width == vision.HiddenSize;
        var reason = model.Metadata.Has(FeatureLayerKey) ? $"'{FeatureLayerKey}' names the hidden state"
            : vision.LayersUsed < vision.Layers ? "the file was made without leaving out the last one of the known tower"
            : "all that are stored";
        return $"{vision.LayersUsed} of {vision.Layers} blocks of the vision encoder are run ({reason}); ffn_down and ffn_up are {(old ? "exchanged, as old converters write them" : "as named")}";
    }

    /// <summary>A hidden state is named, or all blocks are run but the last of the known tower. llama.cpp leaves out one more where none is
    /// named, which is an error of its own.</summary>
    private static int BlocksToRun(GgufMetadata keys, int blocks, (int Hidden, int Heads, int Patch) sizes)
    {
        if (keys.Has(FeatureLayerKey))
        {
            return keys.Integer(FeatureLayerKey, 1, blocks);
        }

        var clip = ClipTower.Sizes;
        return sizes == (clip.HiddenSize, clip.Heads, clip.PatchSize) ? Math.Min(blocks, clip.LayersUsed) : blocks;
    }

    private static IEnumerable<GgufName> Known(GgufModel model, VisionConfig vision)
    {
        var (hidden, inner, patch) = (vision.HiddenSize, vision.IntermediateSize, vision.PatchSize);
        yield return new("v.class_embd", "vision.embeddings.class_embedding", hidden);
        yield return new("v.patch_embd.weight", "vision.embeddings.patch_embedding.weight", hidden, 3, patch, patch);
        yield return new("v.position_embd.weight", "vision.embeddings.position_embedding.weight", vision.Patches + 1, hidden);
        foreach (var name in Norm("v.pre_ln", "vision.pre_layrnorm", hidden))
        {
            yield return name;
        }

        for (var layer = 0; layer < vision.Layers; layer++)
        {
            var (stored, name) = ($"v.blk.{layer}", $"vision.encoder.layers.{layer}");

            // Old converters call the first matrix ffn_down and the second ffn_up.
            var old = model.Find($"{stored}.ffn_down.weight") is { } down && down.Width == hidden;
            foreach (var entry in (IEnumerable<GgufName>)
            [
                .. Linear($"{stored}.attn_q", $"{name}.self_attn.q_proj", hidden, hidden),
                .. Linear($"{stored}.attn_k", $"{name}.self_attn.k_proj", hidden, hidden),
                .. Linear($"{stored}.attn_v", $"{name}.self_attn.v_proj", hidden, hidden),
                .. Linear($"{stored}.attn_out", $"{name}.self_attn.out_proj", hidden, hidden),
                .. Norm($"{stored}.ln1", $"{name}.layer_norm1", hidden),
                .. Norm($"{stored}.ln2", $"{name}.layer_norm2", hidden),
                .. Linear($"{stored}.{(old ? "ffn_down" : "ffn_up")}", $"{name}.mlp.fc1", inner, hidden),
                .. Linear($"{stored}.{(old ? "ffn_up" : "ffn_down")}", $"{name}.mlp.fc2", hidden, inner),
            ])
            {
                yield return entry;
            }
        }
    }

    private static GgufName[] Linear(string stored, string name, int outputs, int inputs) =>
        [new($"{stored}.weight", $"{name}.weight", outputs, inputs), new($"{stored}.bias", $"{name}.bias", outputs)];

    private static GgufName[] Norm(string stored, string name, int size) =>
        [new($"{stored}.weight", $"{name}.weight", size), new($"{stored}.bias", $"{name}.bias", size)];
}

/// <summary>A tensor's name in a GGUF file and in a checkpoint, and the checkpoint's shape.</summary>
internal sealed record GgufName(string Stored, string Name, params IReadOnlyList<long> Shape);
