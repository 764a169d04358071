using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>TextVQA's comparison of an answer with those of ten people, with all peculiarities of the published code
/// (EvalAIAnswerProcessor, Meituan-AutoML/MobileVLM m4c_evaluator.py).</summary>
internal static partial class TextVqaAnswer
{
    /// <summary>The published code passes a flag where the count of replacements is expected.</summary>
    private const int MaxFullStops = 32;

    private static readonly string[] Punctuation =
        [";", "/", "[", "]", "\"", "{", "}", "(", ")", "=", "+", "\\", "_", "-", ">", "<", "@", "`", ",", "?", "!"];

    private static readonly string[] Articles = ["a", "an", "the"];

    private static readonly Dictionary<string, string> Numbers = new(StringComparer.Ordinal)
    {
        ["none"] = "0",
        ["zero"] = "0",
        ["one"] = "1",
        ["two"] = "2",
        ["three"] = "3",
        ["four"] = "4",
        ["five"] = "5",
        ["six"] = "6",
        ["seven"] = "7",
        ["eight"] = "8",
        ["nine"] = "9",
        ["ten"] = "10",
    };

    private static readonly Dictionary<string, string> Contractions = new(StringComparer.Ordinal)
    {
        ["aint"] = "ain't",
        ["arent"] = "aren't",
        ["cant"] = "can't",
        ["couldve"] = "could've",
        ["couldnt"] = "couldn't",
        ["couldn'tve"] = "couldn't've",
        ["couldnt've"] = "couldn't've",
        ["didnt"] = "didn't",
        ["doesnt"] = "doesn't",
        ["dont"] = "don't",
        ["hadnt"] = "hadn't",
        ["hadnt've"] = "hadn't've",
        ["hadn'tve"] = "hadn't've",
        ["hasnt"] = "hasn't",
        ["havent"] = "haven't",
        ["hed"] = "he'd",
        ["hed've"] = "he'd've",
        ["he'dve"] = "he'd've",
        ["hes"] = "he's",
        ["howd"] = "how'd",
        ["howll"] = "how'll",
        ["hows"] = "how's",
        ["Id've"] = "I'd've",
        ["I'dve"] = "I'd've",
        ["Im"] = "I'm",
        ["Ive"] = "I've",
        ["isnt"] = "isn't",
        ["itd"] = "it'd",
        ["itd've"] = "it'd've",
        ["it'dve"] = "it'd've",
        ["itll"] = "it'll",
        ["let's"] = "let's",
        ["maam"] = "ma'am",
        ["mightnt"] = "mightn't",
        ["mightnt've"] = "mightn't've",
        ["mightn'tve"] = "mightn't've",
        ["mightve"] = "might've",
        ["mustnt"] = "mustn't",
        ["mustve"] = "must've",
        ["neednt"] = "needn't",
        ["notve"] = "not've",
        ["oclock"] = "o'clock",
        ["oughtnt"] = "oughtn't",
        ["ow's'at"] = "'ow's'at",
        ["'ows'at"] = "'ow's'at",
        ["'ow'sat"] = "'ow's'at",
        ["shant"] = "shan't",
        ["shed've"] = "she'd've",
        ["she'dve"] = "she'd've",
        ["she's"] = "she's",
        ["shouldve"] = "should've",
        ["shouldnt"] = "shouldn't",
        ["shouldnt've"] = "shouldn't've",
        ["shouldn'tve"] = "shouldn't've",
        ["somebody'd"] = "somebodyd",
        ["somebodyd've"] = "somebody'd've",
        ["somebody'dve"] = "somebody'd've",
        ["somebodyll"] = "somebody'll",
        ["somebodys"] = "somebody's",
        ["someoned"] = "someone'd",
        ["someoned've"] = "someone'd've",
        ["someone'dve"] = "someone'd've",
        ["someonell"] = "someone'll",
        ["someones"] = "someone's",
        ["somethingd"] = "something'd",
        ["somethingd've"] = "something'd've",
        ["something'dve"] = "something'd've",
        ["somethingll"] = "something'll",
        ["thats"] = "that's",
        ["thered"] = "there'd",
        ["thered've"] = "there'd've",
        ["there'dve"] = "there'd've",
        ["therere"] = "there're",
        ["theres"] = "there's",
        ["theyd"] = "they'd",
        ["theyd've"] = "they'd've",
        ["they'dve"] = "they'd've",
        ["theyll"] = "they'll",
        ["theyre"] = "they're",
        ["theyve"] = "they've",
        ["twas"] = "'twas",
        ["wasnt"] = "wasn't",
        ["wed've"] = "we'd've",
        ["we'dve"] = "we'd've",
        ["weve"] = "we've",
        ["werent"] = "weren't",
        ["whatll"] = "what'll",
        ["whatre"] = "what're",
        ["whats"] = "what's",
        ["whatve"] = "what've",
        ["whens"] = "when's",
        ["whered"] = "where'd",
        ["wheres"] = "where's",
        ["whereve"] = "where've",
        ["whod"] = "who'd",
        ["whod've"] = "who'd've",
        ["who'dve"] = "who'd've",
        ["wholl"] = "who'll",
        ["whos"] = "who's",
        ["whove"] = "who've",
        ["whyll"] = "why'll",
        ["whyre"] = "why're",
        ["whys"] = "why's",
        ["wont"] = "won't",
        ["wouldve"] = "would've",
        ["wouldnt"] = "wouldn't",
        ["wouldnt've"] = "wouldn't've",
        ["wouldn'tve"] = "wouldn't've",
        ["yall"] = "y'all",
        ["yall'll"] = "y'all'll",
        ["y'allll"] = "y'all'll",
        ["yall'd've"] = "y'all'd've",
        ["y'alld've"] = "y'all'd've",
        ["y'all'dve"] = "y'all'd've",
        ["youd"] = "you'd",
        ["youd've"] = "you'd've",
        ["you'dve"] = "you'd've",
        ["youll"] = "you'll",
        ["youre"] = "you're",
        ["youve"] = "you've",
    };

    /// <summary>The mean over the ten answers of min(1, number of other answers equal to the text / 3).</summary>
    /// <param name="text">The model's answer.</param>
    /// <param name="answers">Those of people, usually ten.</param>
    /// <returns>0 to 1.</returns>
    public static double Score(string text, IReadOnlyList<string> answers)
    {
        var normalised = Normalise(text);
        var equal = answers.Count(answer => Normalise(answer) == normalised);
        return equal == 0 ? 0 : ((equal * Share(equal - 1)) + ((answers.Count - equal) * Share(equal))) / answers.Count;

        static double Share(int others) => Math.Min(1, others / 3.0);
    }

    /// <summary>A text without capitals, punctuation, articles, and with digits for small numbers.</summary>
    public static string Normalise(string text)
    {
        var plain = text.ToLowerInvariant()
            .Replace(",", "", StringComparison.Ordinal).Replace("?", "", StringComparison.Ordinal).Replace("'s", " 's", StringComparison.Ordinal)
            .Trim().Replace('\n', ' ').Replace('\t', ' ').Trim();
        var words = WithoutPunctuation(plain).ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(word => Numbers.GetValueOrDefault(word, word))
            .Where(word => !Articles.Contains(word))
            .Select(word => Contractions.GetValueOrDefault(word, word));
        return string.Join(' ', words);
    }

    /// <summary>A mark that stands beside a blank somewhere is deleted everywhere; otherwise it becomes a blank.</summary>
    private static string WithoutPunctuation(string text)
    {
        var result = text;
        var deletesAll = CommaInNumber().IsMatch(text);
        foreach (var mark in Punctuation)
        {
            var deleted = deletesAll || text.Contains($"{mark} ", StringComparison.Ordinal) || text.Contains($" {mark}", StringComparison.Ordinal);
            result = result.Replace(mark, deleted ? "" : " ", StringComparison.Ordinal);
        }

        return FullStop().Replace(result, "", MaxFullStops);
    }

    [GeneratedRegex(@"(?<=\d),+(?=\d)")]
    private static partial Regex CommaInNumber();

    [GeneratedRegex(@"\.(?!\d)")]
    private static partial Regex FullStop();
}
