using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Modes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Tests.States;

/// <summary>A state file that a disk damaged costs what was in it and no more.</summary>
public sealed class DamagedStateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-damaged-").FullName;
    private readonly RecordingLogger _log = new();
    private readonly FakeTime _time = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_damaged_state_file_is_accepted_or_set_aside_and_the_service_continues()
    {
        var good = Good();
        var damage = new Damage(20240303);
        var (rounds, taken) = (400 * Damage.Longer, 0);
        for (var round = 0; round < rounds; round++)
        {
            var file = damage.Of([good]);
            File.WriteAllBytes(Path.Combine(_folder, QuestionStateFile.FileName), file);
            try
            {
                var store = Store();
                store.RestoreOverrides();
                taken += store.Restored.States.Count > 0 ? 1 : 0;
                store.Write(store.Last(store.Restored.States)!);
            }
            catch (Exception fault)
            {
                throw new InvalidOperationException($"Round {round}, {Convert.ToBase64String(file)}: {fault.Message}", fault);
            }
        }

        Assert.InRange(taken, rounds / 100, rounds);
    }

    [Fact]
    public void A_state_file_of_a_newer_version_is_renamed_and_kept_as_it_is()
    {
        var path = Path.Combine(_folder, QuestionStateFile.FileName);
        const string Newer = """{ "v": 2, "standings": [ "in another way" ], "more": 1 }""";
        File.WriteAllText(path, Newer);

        var store = Store();
        Assert.Empty(store.Restored.States);
        store.Write(store.Last(QuestionStateStoreTests.States("yes"))!);

        Assert.Equal(Newer, File.ReadAllText(path + ".v2"));
        Assert.Single(Store().Restored.States);
        Assert.Single(_log.Logged(LogLevel.Error, $"{path} was written by a newer version of the service"));
        Assert.Empty(Directory.GetFiles(_folder, "*.damaged"));
    }

    private byte[] Good()
    {
        var questions = Questions();
        questions.Snoozes.TrySet(new CameraId("gate"), "person", TimeSpan.FromHours(2));
        var store = new QuestionStateStore(new QuestionStateFile(_folder, _log.CreateLogger<QuestionStateFile>()), questions, _time);
        questions.Switches.Set(new CameraId("gate"), "person", false);
        store.Write(store.Last(QuestionStateStoreTests.States("yes"))!);
        return File.ReadAllBytes(Path.Combine(_folder, QuestionStateFile.FileName));
    }

    private QuestionStateStore Store() =>
        new(new QuestionStateFile(_folder, _log.CreateLogger<QuestionStateFile>()), Questions(), _time);

    private QuestionStates Questions()
    {
        var questions = new QuestionStates(_time, TimeZoneInfo.Utc, new ModeSwitch([new ModeSettings("away", [], [])], null));
        questions.Configure([EdgeRig.Plan("gate", EdgeRig.Always)]);
        return questions;
    }
}
