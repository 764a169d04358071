using System.IO.MemoryMappedFiles;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Decoding;

/// <summary>Token embeddings, [vocabulary, hidden], in the checkpoint's own type, mapped from the disk: only rows that
/// are used cost memory. Thread-safe.</summary>
internal sealed unsafe class EmbeddingTable : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly string _type;
    private readonly int _vocabulary;
    private byte* _rows;

    public EmbeddingTable(ModelFolder folder)
    {
        var language = folder.Manifest.Language;
        (_vocabulary, Hidden, _type) = (language.VocabularySize, language.HiddenSize, folder.Manifest.Precision.Embedding);
        var path = folder.PathOf(ModelFolder.EmbeddingsFile);
        var expected = (long)_vocabulary * Hidden * ElementSize;
        var actual = new FileInfo(path).Length;
        if (actual != expected)
        {
            throw new ModelFolderException(
                folder.FolderPath,
                $"{ModelFolder.EmbeddingsFile} has {actual} bytes, [{_vocabulary},{Hidden}] in {_type} has {expected}. Import the model again.");
        }

        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _rows);
    }

    public int Hidden { get; }

    private int ElementSize => _type == "fp32" ? 4 : 2;

    /// <summary>Writes the embedding of one token, [hidden], float32.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public void Read(int id, Span<float> destination)
    {
        if ((uint)id >= (uint)_vocabulary)
        {
            throw new ArgumentOutOfRangeException(
                nameof(id), id, $"The vocabulary has {_vocabulary} tokens; the tokenizer does not belong to this model.");
        }

        ObjectDisposedException.ThrowIf(_rows is null, this);
        var row = _rows + ((long)id * Hidden * ElementSize);
        switch (_type)
        {
            case "fp32":
                new ReadOnlySpan<float>(row, Hidden).CopyTo(destination);
                break;
            case "fp16":
                TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>(row, Hidden), destination);
                break;
            default:
                // bfloat16 is the upper half of a float32.
                var bits = MemoryMarshal.Cast<float, uint>(destination[..Hidden]);
                var halves = new ReadOnlySpan<ushort>(row, Hidden);
                for (var i = 0; i < halves.Length; i++)
                {
                    bits[i] = (uint)halves[i] << 16;
                }

                break;
        }
    }

    public void Dispose()
    {
        if (_rows is not null)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _rows = null;
        }

        _view.Dispose();
        _file.Dispose();
    }
}
