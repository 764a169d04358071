using System.Text;
using MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;
using MobileVlm.Edge.Deploy.Configuration.Rules;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Deploy.Configuration.Validation;

/// <summary>Validates the rules between properties; the rules of a single property are attributes on it.</summary>
internal static class OptionsValidator
{
    private const string Mqtt = $"{EdgeOptions.Section}:{nameof(EdgeOptions.Mqtt)}";
    private const string Cameras = $"{EdgeOptions.Section}:{nameof(EdgeOptions.Cameras)}";

    /// <summary>Adds an error for each broken rule.</summary>
    /// <param name="options">Bound options; a key that already has an error holds its default.</param>
    /// <param name="folder">The folder in which relative paths start.</param>
    /// <param name="systemdState">The state folder that systemd passes; used where none is configured.</param>
    /// <param name="hostName">The machine's name.</param>
    /// <param name="purpose">Whether a file that this user may not read is an error.</param>
    /// <param name="problems">Receives problems and warnings.</param>
    /// <returns>Counts tokens as the model does; null if the model cannot be read.</returns>
    public static QuestionTokenCounter? Validate(
        EdgeOptions options, string folder, string? systemdState, string hostName, ConfigurationPurpose purpose, ProblemList problems)
    {
        // A service without cameras, or without a broker, answers over HTTP; one without a broker may also send its events to webhooks.
        var hasHttp = options.Http.Listen is not null;
        var answersForOthers = ClusterValidator.AnswersForOthers(options);
        ValidateBroker(options.Mqtt, isRequired: (!hasHttp && options.Webhooks.Count == 0 && !answersForOthers) || problems.IsWritten(Mqtt), problems);
        ClusterValidator.Validate(options, folder, hostName, purpose, problems);
        HttpValidator.Validate(options, folder, systemdState, purpose, problems);
        ValidateLogin(options.Mqtt, problems);
        ValidateFile(options.Mqtt.PasswordFile, $"{Mqtt}:{nameof(MqttOptions.PasswordFile)}", folder, purpose != ConfigurationPurpose.Start, problems);
        ValidateFile(options.Mqtt.CaFile, $"{Mqtt}:{nameof(MqttOptions.CaFile)}", folder, purpose != ConfigurationPurpose.Start, problems);
        ValidatePace(options.Pace, problems);
        ValidateOutbox(options.Outbox.Path, problems);
        HistoryValidator.Validate(options, folder, systemdState, problems);
        ValidateAsks(options, problems);
        var model = ContextValidator.OpenTokenCounter(options, folder, problems);
        if (options.Cameras.Count > 0 || (!hasHttp && !answersForOthers))
        {
            ValidateCameras(options, model is not null, mayAskNothing: hasHttp, problems);
        }

        if (model is { VisualTokenCount: > 0 })
        {
            ContextValidator.Validate(options, model, problems);
        }

        ModesValidator.Validate(options, problems);
        WebhooksValidator.Validate(options, folder, purpose, problems);
        ValidateCameraLogins(options, folder, purpose == ConfigurationPurpose.Check, problems);
        return model;
    }

    // Refuses only paths that no disk can accept; a path that the disk cannot accept now is not an error of the configuration.
    private static void ValidateOutbox(string? path, ProblemList problems)
    {
        const int MaxNameBytes = 200;
        const string Key = $"{EdgeOptions.Section}:{nameof(EdgeOptions.Outbox)}:{nameof(OutboxOptions.Path)}";
        if (path is not null && (Path.EndsInDirectorySeparator(path) || Path.GetFileName(path) is "." or ".."))
        {
            problems.Add(Key, path, "names a folder; a file in it would be accepted, such as 'outbox.db'");
        }
        else if (path is not null && Encoding.UTF8.GetByteCount(Path.GetFileName(path)) > MaxNameBytes)
        {
            problems.Add(Key, path, $"ends in a name that is too long; up to {MaxNameBytes} bytes would be accepted");
        }
    }

    private static void ValidatePace(PaceOptions pace, ProblemList problems)
    {
        const string Pace = $"{EdgeOptions.Section}:{nameof(EdgeOptions.Pace)}";
        NeedsTemperature(nameof(PaceOptions.Sensor));
        NeedsTemperature(nameof(PaceOptions.MinFactor));
        Needs(nameof(PaceOptions.QuietFactor), nameof(PaceOptions.QuietHours), pace.QuietHours.Count > 0, "'22:00-06:00'");

        void NeedsTemperature(string name) => Needs(name, nameof(PaceOptions.MaxTemperature), pace.MaxTemperature is not null, "80");

        void Needs(string name, string other, bool isSet, string example)
        {
            if (problems.IsWritten($"{Pace}:{name}") && !isSet && !problems.Has($"{Pace}:{other}"))
            {
                problems.Warn($"{Pace}:{name}", null, $"counts with {other} only, which is not set; set {other}, for example to {example}, or leave {name} out");
            }
        }
    }

    private static void ValidateAsks(EdgeOptions options, ProblemList problems)
    {
        if (options.Mqtt.Asks.Deadline > options.Mqtt.Asks.MaxDeadline)
        {
            problems.Add(
                $"{Mqtt}:{nameof(MqttOptions.Asks)}:{nameof(AskOptions.Deadline)}",
                ScalarText.Format(options.Mqtt.Asks.Deadline),
                $"is above MaxDeadline, which is {ScalarText.Format(options.Mqtt.Asks.MaxDeadline)}; up to that would be accepted");
        }
    }

    private static void ValidateBroker(MqttOptions mqtt, bool isRequired, ProblemList problems)
    {
        const string Key = $"{Mqtt}:{nameof(MqttOptions.Broker)}";
        if (mqtt.Broker is not { } broker)
        {
            // Where the section itself is wrong, that is reported already.
            if (isRequired && !problems.Has(Key) && !problems.Has(Mqtt))
            {
                problems.Add(Key, null, $"is missing; {new BrokerAttribute().Accepted.Replace('`', '\'')} would be accepted");
            }

            return;
        }

        var embedded = BrokerAddress.IsEmbedded(broker);
        if (embedded)
        {
            const string Remedy = "counts for another broker, but Broker is 'embedded'; leave it out";
            Refuse(mqtt.User is not null, nameof(MqttOptions.User), Remedy);
            Refuse(mqtt.PasswordFile is not null, nameof(MqttOptions.PasswordFile), Remedy);
            Refuse(mqtt.CaFile is not null, nameof(MqttOptions.CaFile), Remedy);
        }
        else
        {
            Refuse(
                mqtt.CaFile is not null && !BrokerAddress.IsEncrypted(broker),
                nameof(MqttOptions.CaFile),
                "counts for an encrypted connection only; 'mqtts://…' as Broker would be accepted with it");
            Refuse(
                mqtt.Port is not null,
                nameof(MqttOptions.Port),
                "is the port of the embedded broker; write another broker's port into Broker ('mqtt://host:port')");
        }

        void Refuse(bool wrong, string name, string message)
        {
            if (wrong)
            {
                problems.Add($"{Mqtt}:{name}", null, message);
            }
        }
    }

    private static void ValidateLogin(MqttOptions mqtt, ProblemList problems)
    {
        var user = $"{Mqtt}:{nameof(MqttOptions.User)}";
        if (mqtt.PasswordFile is not null && mqtt.User is null && !problems.Has(user))
        {
            problems.Add($"{Mqtt}:{nameof(MqttOptions.PasswordFile)}", null, $"needs {user} too; set both or neither");
        }
    }

    /// <summary>Adds an error or a warning for a file that this user cannot read.</summary>
    /// <returns>Whether the file can be read.</returns>
    internal static bool ValidateFile(
        string? path, string key, string folder, bool isLenient, ProblemList problems)
    {
        if (path is null || problems.Has(key))
        {
            return false;
        }

        try
        {
            using var readable = File.OpenRead(Path.GetFullPath(path, folder));
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // A password written here by mistake must not be shown; a value that begins with a slash is a path.
            var shown = path.StartsWith('/') ? path : null;
            if (Directory.Exists(Path.GetFullPath(path, folder)))
            {
                problems.Add(key, shown, "is a folder; name the file in it");
            }
            else if (isLenient && SecretFile.IsCredential(path))
            {
                problems.Warn(key, shown, "is a credential that only the running service can read; whether it exists is checked at the start");
            }
            else if (exception is not UnauthorizedAccessException)
            {
                problems.Add(key, shown, $"names a file that cannot be found; create it or correct the path (relative paths begin in '{folder}')");
            }
            else if (isLenient)
            {
                problems.Warn(key, shown, "cannot be read by this user; the service's user must be able to read it");
            }
            else
            {
                problems.Add(key, shown, "cannot be read by this user; change its owner or mode");
            }

            return false;
        }
    }

    private static void ValidateCameras(EdgeOptions options, bool modelIsKnown, bool mayAskNothing, ProblemList problems)
    {
        if (options.Cameras.Count == 0)
        {
            if (!problems.Has(Cameras))
            {
                problems.Add(Cameras, null, "names no camera; at least one with a question is needed");
            }

            return;
        }

        // Questions can be added over HTTP. A camera or a group of questions with an error may hold the missing question.
        if (!mayAskNothing && options.Cameras.All(camera => camera.Value.Questions.Count == 0
            && !problems.Has(QuestionsOf(camera.Key))
            && !problems.Has($"{Cameras}:{camera.Key}")))
        {
            problems.Add(Cameras, null, "asks nothing; at least one camera needs a question");
        }

        foreach (var (name, camera) in options.Cameras)
        {
            if (camera.SuspendOnViewChange && !camera.ViewCheck)
            {
                problems.Add(
                    $"{Cameras}:{name}:{nameof(CameraOptions.SuspendOnViewChange)}",
                    ScalarText.Format(true),
                    "needs ViewCheck, which is off; switch it on, or leave SuspendOnViewChange out");
            }
        }

        QuestionsValidator.Validate(options, modelIsKnown, problems);
    }

    private static void ValidateCameraLogins(EdgeOptions options, string folder, bool isLenient, ProblemList problems)
    {
        foreach (var (name, camera) in options.Cameras)
        {
            var key = $"{Cameras}:{name}:{nameof(CameraOptions.PasswordFile)}";
            if (camera.Source is not { } source || problems.Has($"{Cameras}:{name}:{nameof(CameraOptions.Source)}") || problems.Has(key))
            {
                continue;
            }

            var isOnvif = OnvifCameras.TryReadUser(source, out var user, out var hasPassword);
            if (camera.PasswordFile is null)
            {
                if (isOnvif && user is not null && !hasPassword)
                {
                    problems.Add(key, null, $"is missing; Source names the user '{user}', and a file with the password would be accepted");
                }
            }
            else if (!isOnvif)
            {
                problems.Add(key, null, "applies to an onvif:// source only; leave it out, and write the password of another source into its address");
            }
            else if (user is null || hasPassword)
            {
                problems.Add(key, null, hasPassword
                    ? "and a password in Source exclude each other; leave one of them out"
                    : "needs a user in Source; 'onvif://USER@HOST' would be accepted");
            }
            else
            {
                ValidateFile(camera.PasswordFile, key, folder, isLenient, problems);
            }
        }
    }

    private static string QuestionsOf(string camera) => $"{Cameras}:{camera}:{nameof(CameraOptions.Questions)}";
}
