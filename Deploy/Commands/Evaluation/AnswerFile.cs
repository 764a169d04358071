using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
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
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

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
    /// <exception cref="UsageException">It holds something else, or answers of another model or other settings.</exception>
    public static AnswerFile Open(string? path, string option, AnswerStamp stamp)
    {
        if (path is null)
        {
            return new AnswerFile(stamp, null);
        }

        OutputFile.Check(option, path);

        // Locked while the run lasts, so that two runs do not write into each other's lines. Other programs may read it.
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        var answers = new AnswerFile(stamp, file);
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
        using (var json = new Utf8JsonWriter(_line, Relaxed))
        {
            Write(json, item, kept, right);
        }

        _line.Write("\n"u8);
        _file.Write(_line.WrittenSpan);
        _file.Flush();
    }

    public void Dispose() => _file?.Dispose();

    private void Write(Utf8JsonWriter json, BenchmarkItem item, KeptAnswer kept, double right)
    {
        json.WriteStartObject();
        json.WritePropertyName("id");
        if (item.HasNumericId)
        {
            json.WriteRawValue(item.Id);
        }
        else
        {
            json.WriteStringValue(item.Id);
        }

        json.WriteStartArray("tokenIds");
        foreach (var id in kept.Answer.TokenIds)
        {
            json.WriteNumberValue(id);
        }

        json.WriteEndArray();
        json.WriteString("text", kept.Answer.Text);
        if (item.Truth is [var only])
        {
            json.WriteString("truth", only);
            json.WriteBoolean("right", right > 0);
        }
        else
        {
            json.WriteStartArray("truth");
            foreach (var answer in item.Truth)
            {
                json.WriteStringValue(answer);
            }

            json.WriteEndArray();
            json.WriteNumber("right", right);
        }

        if (kept.Answer.YesNo is { } reading)
        {
            json.WriteNumber("yes", reading.Yes);
            json.WriteNumber("mass", reading.Mass);
        }

        json.WriteNumber("seconds", Math.Round(kept.Seconds, 3));
        json.WriteString("model", _stamp.Model);
        json.WriteString("settings", _stamp.Settings);
        json.WriteEndObject();
    }

    private void ReadAll(string path, string option)
    {
        var bytes = new byte[_file!.Length];
        _file.ReadExactly(bytes);
        var end = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        foreach (var (index, line) in Encoding.UTF8.GetString(bytes, 0, end).Split('\n').Index())
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                ReadLine(line, $"{option}: {path}, line {index + 1}");
            }
        }

        if (end < bytes.Length)
        {
            if (_answers.Count == 0 && bytes[0] != '{')
            {
                throw new UsageException($"{option}: {path} is not a file of answers. Name another file.");
            }

            Terminal.Info($"{path}: the last line is not complete, because a run was stopped; its item is asked again.");
            _file.SetLength(end);
        }

        _file.Seek(0, SeekOrigin.End);
    }

    private void ReadLine(string line, string place)
    {
        string id;
        KeptAnswer kept;
        AnswerStamp stamp;
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            var idValue = root.GetProperty("id");
            id = idValue.ValueKind == JsonValueKind.String ? idValue.GetString()! : idValue.GetRawText();
            YesNoReading? reading = root.TryGetProperty("yes", out var yes) ? new YesNoReading(yes.GetDouble(), root.GetProperty("mass").GetDouble()) : null;
            kept = new KeptAnswer(
                new BenchmarkAnswer([.. root.GetProperty("tokenIds").EnumerateArray().Select(it => it.GetInt32())], root.GetProperty("text").GetString() ?? "", reading),
                root.GetProperty("seconds").GetDouble());
            stamp = new AnswerStamp(root.GetProperty("model").GetString() ?? "", root.GetProperty("settings").GetString() ?? "");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new UsageException($"{place} is not an answer that this command wrote. Name another file, or delete it to ask all items again.");
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
