using System.IO.MemoryMappedFiles;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Decoding;

/// <summary>Token embeddings, [vocabulary, hidden], in the checkpoint's own type, mapped from the disk: only rows that
/// are used cost memory. Thread-safe.</summary>
internal sealed unsafe class EmbeddingTable : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly ElementType _type;
    private readonly int _vocabulary;
    private readonly int _rowBytes;
    private byte* _rows;

    /// <exception cref="ModelFolderException">The file does not have the size or type that the manifest says.</exception>
    public EmbeddingTable(ModelFolder folder)
    {
        var language = folder.Manifest.Language;
        var type = folder.Manifest.Precision.Embedding;
        _type = ElementTypes.Find(type) ?? throw new ModelFolderException(
            folder.FolderPath, $"the type '{type}' of {ModelFolder.EmbeddingsFile} is not known. Import the model again.");
        (_vocabulary, HiddenSize, _rowBytes) = (language.VocabularySize, language.HiddenSize, language.HiddenSize * _type.Size());
        var path = folder.PathOf(ModelFolder.EmbeddingsFile);
        var expected = (long)_vocabulary * _rowBytes;
        var actual = new FileInfo(path).Length;
        if (actual != expected)
        {
            throw new ModelFolderException(
                folder.FolderPath,
                $"{ModelFolder.EmbeddingsFile} has {actual} bytes, [{_vocabulary},{HiddenSize}] in {type} has {expected}. Import the model again.");
        }

        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _rows);
    }

    public int HiddenSize { get; }

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
        FloatConversion.ToFloat32(_type, new ReadOnlySpan<byte>(_rows + ((long)id * _rowBytes), _rowBytes), destination[..HiddenSize]);
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
