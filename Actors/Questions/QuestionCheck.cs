using System.Globalization;
using System.Text.RegularExpressions;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Questions;

/// <summary>Finds yes/no questions that this kind of model answers badly: by their words, and by their scores.</summary>
public static partial class QuestionCheck
{
    /// <summary>Scores of different pictures that are closer than this show no difference.</summary>
    private const double SmallestSpread = 0.1;

    /// <summary>Scores this far from 0.5 or less are unclear.</summary>
    private const double UnclearDistance = 0.2;

    /// <summary>Without a picture, a score this close to 0 or 1 is a bias.</summary>
    private const double BiasDistance = 0.1;

    /// <summary>Checks the words of a question, in English.</summary>
    public static IReadOnlyList<QuestionWarning> OfText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var warnings = new List<QuestionWarning>();
        if (Negation().Match(YesOrNo().Replace(text, "")) is { Success: true } negation)
        {
            warnings.Add(new(
                QuestionWarningKind.Negation,
                $"'{negation.Value}': such models often overlook negations. Ask whether something is there, and use the opposite of the answer."));
        }

        if (Time().Match(text) is { Success: true } time)
        {
            warnings.Add(new(
                QuestionWarningKind.Time,
                $"'{time.Value}': the model sees one picture, which shows neither time nor movement. Ask what is visible now, and let the state's times "
                + "(HoldFor, Agree, events) say when it began or ended."));
        }

        if (Sound().Match(text) is { Success: true } sound)
        {
            warnings.Add(new(QuestionWarningKind.Sound, $"'{sound.Value}': the model hears nothing. Ask about what can be seen."));
        }

        return warnings;
    }

    /// <summary>Checks the scores of a question.</summary>
    /// <param name="answers">One for each picture, at least one; scored as yes/no.</param>
    /// <param name="withoutPicture">Probability of yes without a picture, 0..1.</param>
    public static IReadOnlyList<QuestionWarning> OfScores(IReadOnlyList<Answer> answers, double withoutPicture)
    {
        ArgumentNullException.ThrowIfNull(answers);
        double[] scores = [.. answers.Select(answer => answer.Score ?? 0.5)];
        var (low, high) = (scores.Min(), scores.Max());
        var warnings = new List<QuestionWarning>();
        void Add(QuestionWarningKind kind, FormattableString message) => warnings.Add(new(kind, message.ToString(CultureInfo.InvariantCulture)));

        if (answers.Count(answer => answer.IsBelowMinMass) is > 0 and var others)
        {
            Add(
                QuestionWarningKind.OtherAnswer,
                $"About {others} of {answers.Count} pictures the model would say something else than yes or no. Word it as a yes/no question.");
        }

        if (scores.Length > 1 && high - low < SmallestSpread)
        {
            Add(
                QuestionWarningKind.SameScores,
                $"All scores are within {low:0.00} to {high:0.00}. If the pictures are not all yes or all no, the model does not see the difference: word the question otherwise, or set a Region.");
        }

        if (scores.Count(score => Math.Abs(score - 0.5) <= UnclearDistance) is var unclear && 2 * unclear > scores.Length)
        {
            Add(
                QuestionWarningKind.Unclear,
                $"{unclear} of {scores.Length} scores are near 0.5. Word the question more simply, with things that can be seen.");
        }

        if (withoutPicture <= BiasDistance || withoutPicture >= 1 - BiasDistance)
        {
            Add(
                QuestionWarningKind.Bias,
                $"Without any picture the score is {withoutPicture:0.00}: the words alone make the model answer {(withoutPicture < 0.5 ? "no" : "yes")}. Expect that answer where a picture is dark or unclear, and choose thresholds by pictures of both kinds.");
        }

        return warnings;
    }

    [GeneratedRegex(@"\b(yes\s*(or|/|and|,)\s*no|no\s*(or|/)\s*yes)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex YesOrNo();

    [GeneratedRegex(@"\b(\w+n['’]t|not|no|never|without|nobody|none|nothing|nowhere|neither|nor|cannot)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Negation();

    [GeneratedRegex(
        @"\b(how (long|often|fast)|since|ago|already|recently|earlier|later|yesterday|tomorrow|again|any ?more|no longer|still|yet|what time"
        + @"|just (now|arrived|left|came|happened)|(has|have|had) (\w+ ){0,4}(left|arrived|gone|changed|moved|been|come|happened|started|stopped)"
        + @"|leaving|arriving|moving|approaching|entering|coming|speeding|changing|going to|about to|(for|in) (more than )?\w+ (seconds?|minutes?|hours?|days?))\b",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Time();

    [GeneratedRegex(
        @"\b(hear|hears|heard|hearing|sounds?|sounding|noises?|noisy|loud|loudly|silent|silence|quiet|barks|barking|ringing|sirens?|music|shouts?|shouting"
        + @"|screams?|screaming|knocks?|knocking|beeps?|beeping|honks?|honking|talking|speaking|saying|singing|audible)\b",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Sound();
}
