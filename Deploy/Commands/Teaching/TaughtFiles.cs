using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Teaching.Files;
using MobileVlm.Edge.Inference.Teaching.Heads;

namespace MobileVlm.Edge.Deploy.Commands.Teaching;

/// <summary>Files of taught questions that a command names, for questions of the same text.</summary>
internal sealed class TaughtFiles
{
    private readonly ModelFolder _folder;
    private readonly TaughtAnswerer _answerer;
    private readonly List<(string Path, TaughtQuestion Taught)> _unused;

    /// <exception cref="UsageException">A file cannot be read, or the files are about different regions.</exception>
    public TaughtFiles(IReadOnlyList<string> paths, TaughtAnswerer answerer, ModelFolder folder)
    {
        (_folder, _answerer) = (folder, answerer);
        _unused = [.. paths.Select(path => (path, Read(path)))];
        var regions = _unused.Select(it => it.Taught.Question.Region).Distinct().ToList();
        if (regions.Count > 1)
        {
            throw new UsageException("--taught: the questions were taught for different regions. Ask them one by one.");
        }

        Region = regions is [{ } text] ? ParseRegion(text) : null;
    }

    /// <summary>The region of the taught questions; null for whole pictures.</summary>
    public FrameRegion? Region { get; }

    /// <summary>The question with the scorer that was taught for it, or as it is.</summary>
    /// <exception cref="UsageException">The file was made for another model.</exception>
    public Question WithScorer(Question question)
    {
        var at = _unused.FindIndex(it => AsksTheSame(it.Taught, question));
        if (at < 0)
        {
            return question;
        }

        var (path, taught) = _unused[at];
        _unused.RemoveAt(at);
        if (TaughtFile.FindDifference(taught, _folder.Manifest, taught.Question) is { } difference)
        {
            throw new UsageException($"--taught: '{path}': {difference} Teach the question again.");
        }

        return question with
        {
            Kind = taught.Question.Choices.Count > 0 ? AnswerKind.Choice : AnswerKind.YesNo,
            Choices = taught.Question.Choices,
            Taught = taught.ToScorer(_answerer),
        };
    }

    /// <exception cref="UsageException">A file is for a question that is not asked.</exception>
    public void RequireAllUsed()
    {
        if (_unused is [var (path, taught), ..])
        {
            throw new UsageException($"--taught: '{path}' was taught for the question '{taught.Question.Text}', which is not asked.");
        }
    }

    private bool AsksTheSame(TaughtQuestion taught, Question question) =>
        (question with { Kind = AnswerKind.YesNo }).PromptFor(_folder.Manifest) == taught.Question.Text;

    private static TaughtQuestion Read(string path)
    {
        try
        {
            return TaughtFile.Read(path);
        }
        catch (TaughtFileException fault)
        {
            throw new UsageException($"--taught: {fault.Message}");
        }
    }

    private static FrameRegion ParseRegion(string text)
    {
        try
        {
            return FrameRegion.Parse(text);
        }
        catch (FormatException)
        {
            throw new UsageException($"--taught: the region '{text}' cannot be read. Teach the question again.");
        }
    }
}
