using System.Text.Json;

namespace MobileVlm.Edge.Connectors.Storage.Labels;

/// <summary>Labelled frames as files: the picture in <c>CAMERA/QUESTION/LABEL/ID.jpg</c>, so that <c>mobilevlm teach</c> reads the folders, and
/// a record in <c>CAMERA/QUESTION/ID.json</c>. No limit but the number deletes one. Blocks; one call at a time.</summary>
/// <remarks>Every method throws <see cref="LabelStorageException"/> when the disk fails.</remarks>
/// <param name="folder">Its folder, which is created with the first label; other users may not read it.</param>
/// <param name="mostPerQuestion">Most labels of one question.</param>
/// <param name="steps">How files are written.</param>
public sealed class LabelFiles(string folder, int mostPerQuestion, FileSteps steps)
{
    private const string PictureEnding = ".jpg";
    private const string RecordEnding = ".json";

    /// <summary>Largest record that is read, in bytes; a question's text is far smaller.</summary>
    private const int MaxRecordBytes = 256 * 1024;

    /// <summary>Largest picture that is read, in bytes.</summary>
    private const int MaxPictureBytes = 64 * 1024 * 1024;

    /// <summary>The folder of all labels.</summary>
    public string FolderPath => folder;

    /// <summary>Most labels of one question.</summary>
    public int MostPerQuestion => mostPerQuestion;

    /// <summary>The labels of a question in the order of their ids, which is that of their times.</summary>
    public IReadOnlyList<StoredLabel> List(string camera, string question) => Guard(() =>
        Pictures(camera, question).Select(it => new StoredLabel(it.Id, it.Value, ReadRecord(camera, question, it.Id))).ToList());

    /// <summary>Stores a label, or changes it.</summary>
    /// <param name="camera">The camera, a name that can be part of a path.</param>
    /// <param name="question">The question, likewise.</param>
    /// <param name="label">The label.</param>
    /// <param name="picture">The JPEG; null for a frame that is labelled already.</param>
    /// <returns>False when there is no picture: none was given and the frame is not labelled.</returns>
    /// <exception cref="LabelLimitException">The question has <see cref="MostPerQuestion"/> others.</exception>
    public bool Set(string camera, string question, StoredLabel label, ReadOnlyMemory<byte>? picture) => Guard(() =>
    {
        var before = Pictures(camera, question);
        var at = before.Find(it => it.Id == label.Id);
        if (at.Id is null && picture is null)
        {
            return false;
        }

        if (at.Id is null && before.Count >= mostPerQuestion)
        {
            throw new LabelLimitException(mostPerQuestion);
        }

        var file = PictureFile(camera, question, label.Value, label.Id);
        CreateFolder(Path.GetDirectoryName(file)!);
        if (label.Record is { } record)
        {
            Write(RecordFile(camera, question, label.Id), JsonSerializer.SerializeToUtf8Bytes(record, LabelJson.Default.LabelRecord));
        }

        // The picture comes last: it is what makes the label, and its folder is the value. A record without a picture counts nothing.
        if (at.Id is null)
        {
            Write(file, picture!.Value.Span);
        }
        else if (at.Value != label.Value)
        {
            steps.Rename(PictureFile(camera, question, at.Value, label.Id), file);
            steps.FlushFolder(Path.GetDirectoryName(file)!);
            RemoveIfEmpty(Path.Combine(QuestionFolder(camera, question), LabelFolder.NameOf(at.Value)));
        }

        return true;
    });

    /// <summary>Deletes a label with its picture.</summary>
    /// <returns>False when there is none.</returns>
    public bool Remove(string camera, string question, string id) => Guard(() =>
    {
        var found = Pictures(camera, question).FindAll(it => it.Id == id);
        foreach (var it in found)
        {
            File.Delete(PictureFile(camera, question, it.Value, id));
            RemoveIfEmpty(Path.Combine(QuestionFolder(camera, question), LabelFolder.NameOf(it.Value)));
        }

        if (found.Count > 0)
        {
            File.Delete(RecordFile(camera, question, id));
        }

        return found.Count > 0;
    });

    /// <summary>The labelled picture; null for an unknown one.</summary>
    public byte[]? ReadPicture(string camera, string question, string id) => Guard(() =>
        Pictures(camera, question).Find(it => it.Id == id) is { Id: not null } it
            ? FileSteps.ReadBounded(PictureFile(camera, question, it.Value, id), MaxPictureBytes)
            : null);

    private List<(string Id, string Value)> Pictures(string camera, string question)
    {
        var parent = new DirectoryInfo(QuestionFolder(camera, question));
        return !parent.Exists ? [] : [.. parent.EnumerateDirectories()
            .SelectMany(value => value.EnumerateFiles($"*{PictureEnding}")
                .Select(file => (Id: Path.GetFileNameWithoutExtension(file.Name), Value: LabelFolder.ValueOf(value.Name))))
            .Where(it => LabelId.IsValid(it.Id))
            .OrderBy(it => it.Id, StringComparer.Ordinal)];
    }

    private LabelRecord? ReadRecord(string camera, string question, string id)
    {
        var file = RecordFile(camera, question, id);
        if (!File.Exists(file))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(FileSteps.ReadBounded(file, MaxRecordBytes), LabelJson.Default.LabelRecord);
        }
        catch (Exception fault) when (fault is JsonException or InvalidDataException)
        {
            // The picture is the label; what is known beside it is lost.
            return null;
        }
    }

    /// <summary>Replaces a file by way of a hidden one, which <c>teach</c> does not take for a picture.</summary>
    private void Write(string file, ReadOnlySpan<byte> content)
    {
        var parent = Path.GetDirectoryName(file)!;
        var draft = Path.Combine(parent, $".{Path.GetFileName(file)}.new");
        using (var stream = steps.Create(draft))
        {
            steps.Write(stream, content);
            steps.Flush(stream);
        }

        steps.Rename(draft, file);
        steps.FlushFolder(parent);
    }

    private void CreateFolder(string path)
    {
        PrivateFiles.CreateFolder(folder);
        steps.CreateFolder(path);
    }

    private static void RemoveIfEmpty(string path)
    {
        if (!Directory.EnumerateFileSystemEntries(path).Any())
        {
            Directory.Delete(path);
        }
    }

    private string QuestionFolder(string camera, string question) => Path.Combine(folder, camera, question);

    private string PictureFile(string camera, string question, string value, string id) =>
        Path.Combine(QuestionFolder(camera, question), LabelFolder.NameOf(value), id + PictureEnding);

    private string RecordFile(string camera, string question, string id) => Path.Combine(QuestionFolder(camera, question), id + RecordEnding);

    private static T Guard<T>(Func<T> use)
    {
        try
        {
            return use();
        }
        catch (LabelLimitException)
        {
            throw;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new LabelStorageException(StorageError.From(fault).Message, fault);
        }
    }
}
