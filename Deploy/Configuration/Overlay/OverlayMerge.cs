using System.Text;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Configuration.Overlay;

/// <summary>Puts the entries of an overlay into what was read from the file and the environment, before it is bound and validated: each entry
/// then obeys the same rules as a question of the file.</summary>
internal static class OverlayMerge
{
    /// <summary>The origin of a key that the overlay set.</summary>
    public const string Origin = "set over HTTP";

    /// <summary>Changes the tree.</summary>
    /// <param name="root">What was read.</param>
    /// <param name="overlay">The entries.</param>
    /// <returns>What became of each entry.</returns>
    public static IReadOnlyList<OverlayUse> Apply(SettingNode root, QuestionOverlay overlay) =>
        [.. overlay.Entries.Select(entry => Apply(root, entry.Key, entry.Value))];

    private static OverlayUse Apply(SettingNode root, QuestionKey key, OverlayEntry entry)
    {
        if (root.Find(EdgeOptions.Section)?.Find(nameof(EdgeOptions.Cameras))?.Find(key.Camera) is not { Kind: JsonKind.Object } camera)
        {
            return Unused(key, "the configuration has no such camera");
        }

        var questions = camera.Find(nameof(CameraOptions.Questions));
        var inFile = questions?.Find(key.Question);
        key = new QuestionKey(camera.Name, inFile?.Name ?? key.Question);
        var fileOptions = inFile is null ? null : Bind(inFile, key);
        if (entry.Definition is not { } definition)
        {
            if (inFile is null)
            {
                return Unused(key, "it was deleted, and the configuration file does not have it either");
            }

            questions!.Children.Remove(inFile);
            return new OverlayUse(key, OverlayEffect.Deletes, fileOptions);
        }

        var problems = new ProblemList();
        SettingNode read;
        try
        {
            read = JsonSettings.Read(Encoding.UTF8.GetBytes(definition), "the definition", problems);
        }
        catch (ConfigurationException damaged)
        {
            return Invalid(key, fileOptions, damaged.Errors);
        }

        if (problems.Errors.Count > 0)
        {
            return Invalid(key, fileOptions, [.. problems.Errors.Select(error => error with { Key = $"{OverlayUse.ConfigurationKey(key)}:{error.Key}", Origin = Origin })]);
        }

        if (questions is null)
        {
            questions = new SettingNode(nameof(CameraOptions.Questions), JsonKind.Object, null, Origin);
            camera.Children.Add(questions);
        }

        questions.BecomeObject(Origin);
        var set = read.Copy(key.Question, Origin);
        if (inFile is null)
        {
            questions.Children.Add(set);
        }
        else
        {
            questions.Children[questions.Children.IndexOf(inFile)] = set;
        }

        return new OverlayUse(key, inFile is null ? OverlayEffect.Adds : OverlayEffect.Overrides, fileOptions);
    }

    private static OverlayUse Unused(QuestionKey key, string reason) => new(key, OverlayEffect.Unused, null) { Reason = reason };

    private static OverlayUse Invalid(QuestionKey key, QuestionOptions? inFile, IReadOnlyList<ConfigurationProblem> errors) =>
        new(key, OverlayEffect.Unused, inFile) { Reason = (errors[0] with { Origin = null }).ToString(), Errors = errors };

    // The file's errors do not matter while its question does not count.
    private static QuestionOptions Bind(SettingNode node, QuestionKey key) =>
        new OptionsBinder(new ProblemList(), typeof(EdgeOptions), EdgeOptions.Section).Bind<QuestionOptions>(node, OverlayUse.ConfigurationKey(key));
}
