using System.Buffers;
using System.Text;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Inference.Evaluation.Benchmarks;

namespace MobileVlm.Edge.Deploy.Commands.Evaluation;

/// <summary>What an answer depends on besides its item. Answers with another stamp are not taken.</summary>
/// <param name="Model">Fingerprint of the model's files.</param>
/// <param name="Settings">Benchmark, limits and data.</param>
internal sealed record AnswerStamp(string Model, string Settings);

/// <summary>An answer as it is kept.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="Seconds">Time for it, without its picture.</param>
internal sealed record KeptAnswer(BenchmarkAnswer Answer, double Seconds);

/// <summary>Answers of one run by item, one JSON document a line, written as they come: a run that was stopped continues where it was.
/// Without a path they are only in memory.</summary>
internal sealed class AnswerFile : IDisposable
{
    private readonly AnswerStamp _stamp;
    private readonly FileStream? _file;
    private readonly Dictionary<string, KeptAnswer> _answers = new(StringComparer.Ordinal);
    private readonly ArrayBufferWriter<byte> _line = new();

    private AnswerFile(AnswerStamp stamp, FileStream? file) => (_stamp, _file) = (stamp, file);

    /// <summary>Answers so far, by the item's id.</summary>
    public IReadOnlyDictionary<string, KeptAnswer> Answers => _answers;

    /// <summary>Opens a file, or creates it, and reads the answers in it.</summary>
    /// <param name="path">Null keeps the answers in memory.</param>
    /// <param name="option">The option that named the file, for messages.</param>
    /// <param name="stamp">Of this run.</param>
    /// <exception cref="UsageException">It cannot be opened, holds something other than answers, or answers of another model or other
    /// settings. A file that is refused is left as it is.</exception>
    public static AnswerFile Open(string? path, string option, AnswerStamp stamp)
    {
        if (path is null)
        {
            return new AnswerFile(stamp, null);
        }

        OutputFile.Check(option, path);

        var answers = new AnswerFile(stamp, OpenLocked(path, option));
        try
        {
            answers.ReadAll(path, option);
            return answers;
        }
        catch
        {
            answers.Dispose();
            throw;
        }
    }

    /// <summary>Adds an answer and writes it.</summary>
    public void Add(BenchmarkItem item, KeptAnswer kept, double right)
    {
        _answers[item.Id] = kept;
        if (_file is null)
        {
            return;
        }

        _line.ResetWrittenCount();
        AnswerLine.Write(_line, item, kept, right, _stamp);
        _file.Write(_line.WrittenSpan);
        _file.Flush();
    }

    public void Dispose() => _file?.Dispose();

    /// <summary>Locked while the run lasts, so that two runs do not write into each other's lines. Other programs may read it.</summary>
    private static FileStream OpenLocked(string path, string option)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException(
                $"{option}: {path} cannot be opened to write ({e.Message.TrimEnd('.')}). If another run writes it, wait until that ends, or name another file.");
        }
    }

    private void ReadAll(string path, string option)
    {
        var bytes = new byte[_file!.Length];
        _file.ReadExactly(bytes);
        var end = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        var lines = Encoding.UTF8.GetString(bytes, 0, end).Split('\n');
        foreach (var (index, line) in lines.Index())
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                ReadLine(line, $"{option}: {path}, line {index + 1}");
            }
        }

        var rest = Encoding.UTF8.GetString(bytes, end, bytes.Length - end);
        if (AnswerLine.IsComplete(rest))
        {
            ReadLine(rest, $"{option}: {path}, line {lines.Length}");
            _file.Write("\n"u8);
        }
        else if (rest.Length > 0)
        {
            CutOff(rest, end, path, option);
        }
    }

    /// <summary>Removes the beginning of a line, which a stopped run left.</summary>
    private void CutOff(string rest, int end, string path, string option)
    {
        if (!AnswerLine.IsBegun(rest))
        {
            throw new UsageException($"{option}: {path} is not a file of answers. Name another file.");
        }

        Terminal.Info($"{path}: the last line is not complete, because a run was stopped; its item is asked again.");
        _file!.SetLength(end);
        _file.Seek(0, SeekOrigin.End);
    }

    private void ReadLine(string line, string place)
    {
        if (AnswerLine.Read(line) is not var (id, kept, stamp))
        {
            throw new UsageException($"{place} is not an answer that this command wrote. Name another file.");
        }

        if (stamp != _stamp)
        {
            throw new UsageException(
                $"{place} was answered by model {stamp.Model} with settings '{stamp.Settings}', and this run has model {_stamp.Model} with settings "
                + $"'{_stamp.Settings}'. Name another file, or delete it to ask all items again.");
        }

        _answers.TryAdd(id, kept);
    }
}
