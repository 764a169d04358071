using System.Globalization;

namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>MMBench, English dev split: options about pictures, each question several times with its options rotated
/// (Meituan-AutoML/MobileVLM, model_vqa_mmbench.py; OpenCompass's rules for reading answers, without a language model that guesses).</summary>
internal sealed class MmBenchBenchmark : Benchmark<MmBenchBenchmark.Item>
{
    private const string File = "mmbench_dev_en_20231003.tsv";

    /// <summary>The options that are asked.</summary>
    private const string Letters = "ABCD";

    /// <summary>The letters that an answer is searched for.</summary>
    private const string AnswerLetters = "ABCDE";

    /// <summary>Rows whose indexes are equal modulo this are one question.</summary>
    private const long IndexPeriod = 1_000_000;

    /// <summary>What pandas takes for an empty cell.</summary>
    private static readonly HashSet<string> EmptyCells = new(StringComparer.Ordinal)
    {
        "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN",
        "None", "n/a", "nan", "null",
    };

    /// <summary>How a letter may be written, in the order in which they are tried.</summary>
    private static readonly (string Before, string After)[] Forms =
    [
        ("", "."), ("", ","), ("", ":"), ("", ")"), ("", ")."), ("(", ")"), ("(", ")."), (":", ""), (":", ","), (":", "."), (":", ")"), (":", ")."),
    ];

    public override string Name => "mmbench";

    public override string Title => "MMBench dev, English: perception and reasoning with options. 1,164 questions, each in rotated copies.";

    public override int DefaultMaxTokens => 1024;

    public override string PublishedScore => "circular";

    public override string IntervalMethod => ScoreIntervals.WilsonMethod;

    public override BenchmarkSource Source { get; } = new(
        [$"https://github.com/open-compass/MMBench: {File}, which contains the pictures"],
        ["questions and pictures: the terms on that page; the pictures come from several data sets"],
        [File]);

    private protected override BenchmarkData ReadItems(BenchmarkFolder folder, BenchmarkOptions options)
    {
        var file = folder.Find(File);
        var pictures = new Dictionary<string, BenchmarkPicture>(StringComparer.Ordinal);
        var items = new List<Item>();
        try
        {
            using var reader = System.IO.File.OpenText(file);
            Columns? columns = null;
            foreach (var (line, cells) in TabSeparatedFile.Read(reader))
            {
                if (columns is null)
                {
                    columns = new Columns(folder, file, cells);
                }
                else
                {
                    items.Add(ItemOf(new Row(folder, $"{file}, line {line}", columns, cells), pictures));
                }
            }
        }
        catch (InvalidDataException e)
        {
            throw folder.Wrong(file, $"{e.Message}.", e);
        }

        return new BenchmarkData(items, []);
    }

    private protected override double RightnessOf(Item item, string text) => LetterOf(text, item.Options) == item.Letter ? 1 : 0;

    private protected override BenchmarkScores Score(IReadOnlyList<AnsweredItem<Item>> answers)
    {
        var questions = answers.GroupBy(it => it.Item.Group).ToList();
        var circular = questions.Count(copies => copies.All(it => it.Right > 0));
        var originals = answers.Where(it => it.Item.Index < IndexPeriod).ToList();
        List<BenchmarkScore> scores = originals.Count == 0 ? [] : [new("single", (double)originals.Count(it => it.Right > 0) / originals.Count)];
        return new BenchmarkScores(
            [.. scores, new BenchmarkScore(PublishedScore, (double)circular / questions.Count)], ScoreIntervals.Wilson(circular, questions.Count));
    }

    private static string? LetterOf(string text, IReadOnlyList<string> options)
    {
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

        // "A" in a sentence is taken for an article.
        if (OnlyLetter(words, "", "") is { } alone && !(words.Length > 3 && words.Contains("A")))
        {
            return alone;
        }

        foreach (var (before, after) in Forms)
        {
            if (OnlyLetter(words, before, after) is { } written)
            {
                return written;
            }
        }

        var lower = text.ToLowerInvariant();
        var contained = options.Index().Where(it => lower.Contains(it.Item.ToLowerInvariant(), StringComparison.Ordinal)).ToList();
        return contained is [var only] ? Letters[only.Index].ToString() : null;
    }

    /// <summary>The only letter that is among the words in a form.</summary>
    private static string? OnlyLetter(string[] words, string before, string after)
    {
        var found = AnswerLetters.Where(letter => words.Contains($"{before}{letter}{after}")).ToList();
        return found is [var only] ? only.ToString() : null;
    }

    private static Item ItemOf(Row row, Dictionary<string, BenchmarkPicture> pictures)
    {
        var text = row["index"];
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
        {
            throw row.Wrong($"the index '{text}' is not a number.");
        }

        // As the published script does: options up to the first empty one.
        List<string> options = [.. Letters.Select(letter => row.Value(letter.ToString())).TakeWhile(option => option is not null).OfType<string>()];
        var answer = row.Value("answer") ?? throw row.Wrong("it has no answer. Only the dev split can be scored; the test split has no answers.");
        if (!Letters[..options.Count].Contains(answer, StringComparison.Ordinal) || answer.Length != 1)
        {
            throw row.Wrong($"its answer is '{answer}', and its options are {options.Count}.");
        }

        var base64 = row["image"];
        if (!pictures.TryGetValue(base64, out var picture))
        {
            picture = pictures[base64] = BenchmarkPicture.OfBase64(row.Place, base64);
        }

        var question = string.Join(
            '\n',
            [.. row.Value("hint") is { } hint ? [hint] : (string[])[], row["question"], .. options.Select((option, i) => $"{Letters[i]}. {option}"), OptionLetter]);
        return new Item(index, question, picture, answer, options) { HasNumericId = true };
    }

    internal sealed record Item(long Index, string Question, BenchmarkPicture Picture, string Letter, IReadOnlyList<string> Options)
        : BenchmarkItem(Index.ToString(CultureInfo.InvariantCulture), Question, Picture, [Letter])
    {
        public override string Group { get; } = (Index % IndexPeriod).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The header of the file.</summary>
    private sealed class Columns
    {
        private static readonly string[] Needed = ["index", "question", "hint", "A", "B", "C", "D", "answer", "image"];

        private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);

        public Columns(BenchmarkFolder folder, string file, IReadOnlyList<string> names)
        {
            foreach (var (place, name) in names.Index())
            {
                _places.TryAdd(name, place);
            }

            if (Needed.FirstOrDefault(name => !_places.ContainsKey(name)) is { } missing)
            {
                throw folder.Wrong(file, $"its first line does not name a column '{missing}'.");
            }

            Count = names.Count;
        }

        public int Count { get; }

        public int this[string name] => _places[name];
    }

    /// <summary>One row of the file.</summary>
    private sealed class Row
    {
        private readonly BenchmarkFolder _folder;
        private readonly Columns _columns;
        private readonly IReadOnlyList<string> _cells;

        public Row(BenchmarkFolder folder, string place, Columns columns, IReadOnlyList<string> cells)
        {
            (_folder, Place, _columns, _cells) = (folder, place, columns, cells);
            if (cells.Count != columns.Count)
            {
                throw Wrong($"it has {cells.Count} cells, the first line {columns.Count}.");
            }
        }

        public string Place { get; }

        public string this[string column] => _cells[_columns[column]];

        /// <summary>A cell, or null where the published script takes it for empty.</summary>
        public string? Value(string column) =>
            this[column] is var cell && (EmptyCells.Contains(cell) || cell.ToLowerInvariant() is "nan" or "none") ? null : cell;

        public BenchmarkDataException Wrong(string what) => _folder.Wrong(Place, what);
    }
}
