// The first 8 questions of 'mobilevlm bench' (Deploy/Bench/BenchScene.cs).
export const questions = [
    "Is there a person at the gate?", "Is the gate open?", "Is there a car in the picture?", "Is it night?",
    "Is a dog in front of the house?", "Is there a parcel at the door?", "Can smoke or fire be seen?", "Is it raining?",
];
